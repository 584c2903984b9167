using System.Text;
using Mayfly.Wire;

namespace Mayfly.Traces.Obfuscation.Redis;

/// <summary>Hides the values in Redis or Valkey commands, one a line (docs/spec/03-traces.md#redis--valkey).</summary>
internal static class RedisCommands
{
    /// <summary>Appends <paramref name="commands"/> with <c>?</c> for each argument that holds a value.</summary>
    public static void Obfuscate(ReadOnlySpan<byte> commands, PooledBuffer output)
    {
        int start = output.Length;
        ReadOnlySpan<byte> rest = WhiteSpace.Trim(commands);
        while (!rest.IsEmpty)
        {
            if (output.Length > start)
            {
                output.WriteByte((byte)'\n');
            }

            int end = rest.IndexOfAny((byte)' ', (byte)'\n');
            ReadOnlySpan<byte> command = end < 0 ? rest : rest[..end];
            rest = rest[command.Length..];
            output.Write(command);
            WriteArguments(RedisRule.Of(command), ref rest, output);
            rest = rest.TrimStart(" \n"u8);
        }
    }

    /// <summary>Appends the first command with one <c>?</c> for all arguments; what the command does to what it names stays.</summary>
    public static void RemoveArguments(ReadOnlySpan<byte> commands, PooledBuffer output)
    {
        ReadOnlySpan<byte> rest = commands;
        ReadOnlySpan<byte> command = WhiteSpace.TakeWord(ref rest);
        output.Write(command);
        ReadOnlySpan<byte> first = WhiteSpace.TakeWord(ref rest);
        if (first.IsEmpty)
        {
            return;
        }

        if (Is(command, "CONFIG"u8) && (Is(first, "GET"u8) || Is(first, "SET"u8) || Is(first, "RESETSTAT"u8) || Is(first, "REWRITE"u8)))
        {
            WriteWord(first, output);
        }

        WriteWord("?"u8, output);
        bool isBitField = Is(command, "BITFIELD"u8);
        for (ReadOnlySpan<byte> word = first; isBitField && !word.IsEmpty; word = WhiteSpace.TakeWord(ref rest))
        {
            if (Is(word, "SET"u8) || Is(word, "GET"u8) || Is(word, "INCRBY"u8))
            {
                WriteWord(word, output);
                WriteWord("?"u8, output);
            }
        }
    }

    private static void WriteArguments(RedisRule rule, ref ReadOnlySpan<byte> rest, PooledBuffer output)
    {
        int next = rule.First;
        bool hasHidden = false;
        for (int argument = 1; TryTakeArgument(ref rest, out ReadOnlySpan<byte> text); argument++)
        {
            switch (rule.Kind)
            {
                case RedisRuleKind.Rest when argument > next:
                    continue;
                case RedisRuleKind.ConfigSet when argument == 1 && !Is(text, "SET"u8):
                    next = 0;
                    break;
                case RedisRuleKind.SortedSetAdd when !hasHidden && argument == next - 1 && IsOption(text):
                    next++;
                    break;
                case RedisRuleKind.BitFieldSet when Is(text, "SET"u8):
                    next = argument + 3;
                    break;
            }

            bool isHidden = argument == next;
            hasHidden |= isHidden;
            WriteWord(isHidden ? "?"u8 : text, output);
            next += isHidden && rule.Kind != RedisRuleKind.Rest ? rule.Step : 0;
        }
    }

    private static bool IsOption(ReadOnlySpan<byte> text) =>
        Is(text, "NX"u8) || Is(text, "XX"u8) || Is(text, "CH"u8) || Is(text, "INCR"u8) || Is(text, "GT"u8) || Is(text, "LT"u8);

    /// <summary>The next argument of the same line: a double-quoted part may hold blanks and line feeds, a backslash takes the next one along.</summary>
    private static bool TryTakeArgument(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> argument)
    {
        rest = rest.TrimStart(" \t\r"u8);
        bool isQuoted = false;
        int end = 0;
        for (; end < rest.Length; end++)
        {
            byte next = rest[end];
            if (next == '\\')
            {
                end++;
            }
            else if (next == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (!isQuoted && next is (byte)' ' or (byte)'\n')
            {
                break;
            }
        }

        argument = rest[..Math.Min(end, rest.Length)];
        rest = rest[argument.Length..];
        return !argument.IsEmpty;
    }

    private static void WriteWord(ReadOnlySpan<byte> word, PooledBuffer output)
    {
        output.WriteByte((byte)' ');
        output.Write(word);
    }

    private static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> keyword) => Ascii.EqualsIgnoreCase(word, keyword);
}
