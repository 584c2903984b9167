using System.Buffers;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>
/// W3C <c>tracestate</c>: up to 32 members <c>key=value</c>, of which <c>dd</c> is Datadog's (docs/spec/02-triggers.md#64-styles). A malformed member discards
/// the
/// whole, as W3C demands.
/// </summary>
/// <remarks>
/// Blanks around members, empty members and <c>=</c> inside of values are no fault: other vendors send them, and losing Datadog's member for it would end
/// the trace's sampling decision.
/// </remarks>
internal readonly ref struct TraceState
{
    private const int MaxMembers = 32;
    private const int MaxKeyLength = 256;
    private const int MaxValueLength = 256;

    /// <summary>32 members of full length with some blanks between them. A longer header is discarded whole: it is no tracer's.</summary>
    private const int MaxLength = 20_000;

    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-*/@");

    private TraceState(ReadOnlySpan<char> text, ReadOnlySpan<char> datadog)
    {
        Text = text;
        Datadog = datadog;
    }

    /// <summary>The members that count, as sent.</summary>
    public ReadOnlySpan<char> Text { get; }

    /// <summary>The value of the first <c>dd</c> member; empty when there is none.</summary>
    public ReadOnlySpan<char> Datadog { get; }

    public static bool TryParse(ReadOnlySpan<char> header, out TraceState state)
    {
        state = default;
        if (header.Length > MaxLength)
        {
            return false;
        }

        ReadOnlySpan<char> datadog = default;
        int count = 0, end = 0;
        foreach (Range range in header.Split(','))
        {
            ReadOnlySpan<char> member = header[range].Trim(" \t");
            if (member.IsEmpty)
            {
                continue;
            }

            int equals = member.IndexOf('=');
            if (equals < 0 || !IsKey(member[..equals]) || member.Length - equals - 1 is 0 or > MaxValueLength)
            {
                return false;
            }

            if (datadog.IsEmpty && member[..equals] is "dd")
            {
                datadog = member[(equals + 1)..];
            }

            end = range.End.GetOffset(header.Length);
            if (++count == MaxMembers)
            {
                break;
            }
        }

        state = new TraceState(header[..end].Trim(" \t,"), datadog);
        return count > 0;
    }

    /// <summary>An empty key is a key, as it is to other Datadog tracers.</summary>
    private static bool IsKey(ReadOnlySpan<char> key)
    {
        if (key.IsEmpty)
        {
            return true;
        }

        int at = key.IndexOf('@');
        return key.Length <= MaxKeyLength
            && char.IsAsciiLetterOrDigit(key[0])
            && !key.ContainsAnyExcept(KeyCharacters)
            && (at < 0 || !key[(at + 1)..].Contains('@'));
    }
}
