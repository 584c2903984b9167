using System.Text;
using Mayfly.Wire;

namespace Mayfly.Traces.Obfuscation.Redis;

/// <summary>The names of the commands in a Redis or Valkey resource: three at most, then <c>...</c>.</summary>
/// <remarks>docs/spec/03-traces.md#redis--valkey. Three commands look as if there were more, as they do with the reference.</remarks>
internal static class RedisQuantizer
{
    private const int MostCommands = 3;

    private static ReadOnlySpan<byte> Ellipsis => "..."u8;

    /// <summary>Appends the names of the commands in <paramref name="query"/>, one a line.</summary>
    public static void Quantize(ReadOnlySpan<byte> query, PooledBuffer output)
    {
        int start = output.Length;
        int commands = 0;
        bool isTruncated = false;
        while (!query.IsEmpty && commands < MostCommands)
        {
            int end = query.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? query : query[..end];
            query = end < 0 ? [] : query[(end + 1)..];
            ReadOnlySpan<byte> command = TakeWord(ref line);
            ReadOnlySpan<byte> second = HasSubCommand(command) ? TakeWord(ref line) : default;
            if (command.IsEmpty)
            {
                continue;
            }

            isTruncated = command.EndsWith(Ellipsis) || second.EndsWith(Ellipsis);
            if (!isTruncated)
            {
                commands++;
                WriteUpper(command, start, output);
                WriteUpper(second, start, output);
            }
        }

        if (isTruncated || commands == MostCommands)
        {
            WriteUpper(Ellipsis, start, output);
        }
    }

    private static bool HasSubCommand(ReadOnlySpan<byte> command)
    {
        return Is(command, "CLIENT"u8) || Is(command, "CLUSTER"u8) || Is(command, "COMMAND"u8)
            || Is(command, "CONFIG"u8) || Is(command, "DEBUG"u8) || Is(command, "SCRIPT"u8);
    }

    private static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> command) => Ascii.EqualsIgnoreCase(word, command);

    /// <summary>Words are separated by blanks, not by other white space.</summary>
    private static ReadOnlySpan<byte> TakeWord(ref ReadOnlySpan<byte> line)
    {
        line = line.TrimStart((byte)' ');
        int end = line.IndexOf((byte)' ');
        ReadOnlySpan<byte> word = end < 0 ? line : line[..end];
        line = line[word.Length..];
        return word;
    }

    private static void WriteUpper(ReadOnlySpan<byte> word, int start, PooledBuffer output)
    {
        if (word.IsEmpty)
        {
            return;
        }

        if (output.Length > start)
        {
            output.WriteByte((byte)' ');
        }

        while (!word.IsEmpty)
        {
            Rune.DecodeFromUtf8(word, out Rune rune, out int width);
            Span<byte> free = output.GetSpan(4);
            output.Advance(Rune.ToUpperInvariant(rune).EncodeToUtf8(free));
            word = word[width..];
        }
    }
}
