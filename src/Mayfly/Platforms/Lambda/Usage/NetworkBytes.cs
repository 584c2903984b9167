namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>Bytes that the function's network interface has received and sent since it exists.</summary>
/// <remarks>
/// <c>/proc/net/dev</c>: per line a name, a colon, 8 numbers of what came in, then those of what went out. The first line of one of Lambda's interfaces decides
/// (docs/spec/01-lambda-lifecycle.md#5-enhanced-metrics); without one, or when it cannot be read, there is no figure.
/// </remarks>
internal readonly record struct NetworkBytes(ulong Received, ulong Sent)
{
    private const int NumbersBetween = 7;

    public static bool TryParse(ReadOnlySpan<byte> text, out NetworkBytes bytes)
    {
        while (ProcText.TryTakeLine(ref text, out ReadOnlySpan<byte> line))
        {
            line = line.TrimStart(" \t"u8);
            int colon = line.IndexOf((byte)':');
            if (colon > 0 && IsOfFunction(line[..colon]))
            {
                return TryReadNumbers(line[(colon + 1)..], out bytes);
            }
        }

        bytes = default;
        return false;
    }

    private static bool IsOfFunction(ReadOnlySpan<byte> name) =>
        name.StartsWith("vinternal_1"u8) || name.StartsWith("vint_runtime"u8) || name.StartsWith("Ceth1"u8);

    private static bool TryReadNumbers(ReadOnlySpan<byte> line, out NetworkBytes bytes)
    {
        bytes = default;
        if (!ProcText.TryTakeNumber(ref line, out ulong received))
        {
            return false;
        }

        for (int i = 0; i < NumbersBetween; i++)
        {
            if (!ProcText.TryTakeWord(ref line, out _))
            {
                return false;
            }
        }

        bool isRead = ProcText.TryTakeNumber(ref line, out ulong sent);
        bytes = isRead ? new NetworkBytes(received, sent) : default;
        return isRead;
    }
}
