namespace FunctionCSharp;

/// <summary>More than any function has room for.</summary>
internal static class Beans
{
    private const int SackBytes = 16 * 1024 * 1024;
    private const int PageBytes = 4096;

    /// <summary>Takes memory, and uses it, until the sandbox has none left; gives up after 8 GiB.</summary>
    public static void Hoard()
    {
        var sacks = new List<byte[]>();
        while (sacks.Count < 512)
        {
            byte[] sack = new byte[SackBytes];
            for (int i = 0; i < sack.Length; i += PageBytes)
            {
                sack[i] = 1;
            }

            sacks.Add(sack);
            Thread.Sleep(5);
        }
    }
}
