namespace Mayfly.Traces.Obfuscation;

/// <summary>Hides what a memcached command stores (docs/spec/03-traces.md#38-obfuscation).</summary>
internal static class MemcachedCommand
{
    /// <summary>The command line: what is stored stands behind it.</summary>
    public static ReadOnlySpan<byte> CommandLine(ReadOnlySpan<byte> command)
    {
        int end = command.IndexOf("\r\n"u8);
        return WhiteSpace.Trim(end < 0 ? command : command[..end]);
    }
}
