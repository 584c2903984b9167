using System.Buffers;
using System.Text;
using Mayfly.Wire;

namespace Mayfly.Diagnostics;

/// <summary>
/// Takes secrets out of texts that people read: the agent's own lines, printed configuration, captured payloads. One pass, linear in the text.
/// </summary>
/// <remarks>
/// docs/spec/04-metrics-logs.md#c14-scrubbing-rules-of-the-go-agent-own-logs-flare-config-dumps. Secrets are known by their shape (API keys, bearer tokens,
/// passwords in URLs, PEM blocks) or by the name before them (<see cref="SecretNames"/>). Customers' logs do not come here: their rules are their own.
/// </remarks>
public ref partial struct Scrubber
{
    /// <summary>Characters of a key that are kept, to tell keys apart.</summary>
    private const int KeptOfKey = 4;

    private static readonly SearchValues<byte> NameBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"u8);
    private static readonly SearchValues<byte> WordBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"u8);
    private static readonly SearchValues<byte> KeyBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"u8);
    private static readonly SearchValues<byte> HexBytes = SearchValues.Create("ABCDEFabcdef0123456789"u8);
    private static readonly SearchValues<byte> TokenBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.~+/="u8);
    private static readonly SearchValues<byte> RemoteKeyBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"u8);
    private static readonly SearchValues<byte> ValueEnds = SearchValues.Create(" \t\r\n,;&\"'`\\)]}<>"u8);
    private static readonly SearchValues<byte> RunEnds = SearchValues.Create(" \t\r\n\"'|"u8);
    private static readonly SearchValues<byte> Starts = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:"u8);

    private readonly ReadOnlySpan<byte> _text;
    private readonly PooledBuffer _output;
    private int _at;
    private int _copied;

    /// <summary>The run of characters without blanks around the last colon: its end, and its last <c>@</c>.</summary>
    private int _runEnd;
    private int _lastAt;

    private Scrubber(ReadOnlySpan<byte> text, PooledBuffer output)
    {
        _text = text;
        _output = output;
    }

    private static ReadOnlySpan<byte> Stars => "********"u8;

    /// <summary>Appends <paramref name="text"/>, UTF-8 or not, to <paramref name="output"/> with its secrets replaced by stars.</summary>
    public static void Scrub(ReadOnlySpan<byte> text, PooledBuffer output)
    {
        var scrubber = new Scrubber(text, output);
        scrubber.Run();
    }

    /// <inheritdoc cref="Scrub(ReadOnlySpan{byte}, PooledBuffer)"/>
    public static string Scrub(string text)
    {
        using PooledBuffer output = PooledBuffer.Rent(text.Length);
        Scrub(Encoding.UTF8.GetBytes(text), output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private void Run()
    {
        while (_at < _text.Length)
        {
            int next = _text[_at..].IndexOfAny(Starts);
            if (next < 0)
            {
                break;
            }

            _at += next;
            if (_text[_at] == ':')
            {
                TakeColon();
            }
            else
            {
                TakeName();
            }
        }

        _output.Write(_text[_copied..]);
    }

    private void TakeName()
    {
        int end = EndOf(NameBytes, _at);
        ReadOnlySpan<byte> name = _text[_at..end];
        if (name.StartsWith("-----BEGIN"u8))
        {
            HidePem();
            return;
        }

        bool isFirst = IsFirstOnLine(_at);
        TakeWords(end);
        if (TryFindValue(end, out int separator, out int value) && SecretNames.KindOf(name, _text[separator]) is var kind and not SecretKind.None)
        {
            HideValue(kind, value, toEndOfLine: kind == SecretKind.Line || (isFirst && _text[separator] == ':'));
        }
        else if (EndsWithBearer(name) && TryFindBlanks(end, out int token))
        {
            HideBearer(token);
        }
    }

    /// <summary>A name may hold words that are secrets themselves.</summary>
    private void TakeWords(int end)
    {
        while (_at < end)
        {
            int wordEnd = Math.Min(end, EndOf(WordBytes, _at));
            ReadOnlySpan<byte> word = _text[_at..wordEnd];
            if (word.Length is 32 or 40 && !word.ContainsAnyExcept(HexBytes))
            {
                Hide(_at, wordEnd, word.Length - KeptOfKey, KeptOfKey);
            }
            else if (word.Length >= 40 && word.StartsWith("ddapp_"u8))
            {
                Hide(_at, wordEnd, 36, KeptOfKey);
            }
            else if (word.Length >= 12 && word.StartsWith("DDRCM_"u8) && !word[6..].ContainsAnyExcept(RemoteKeyBytes))
            {
                Hide(_at, wordEnd, 35, 5);
            }

            _at = Math.Min(end, wordEnd + 1);
        }
    }

    /// <summary>Behind a name: an end of quotes, blanks, a separator, blanks. The value may be quoted.</summary>
    private readonly bool TryFindValue(int nameEnd, out int separator, out int value)
    {
        separator = SkipBlanks(SkipQuote(nameEnd));
        value = 0;
        if (separator >= _text.Length || _text[separator] is not ((byte)':' or (byte)'='))
        {
            return false;
        }

        value = SkipBlanks(separator + 1);
        bool isScheme = _text[separator] == ':' && _text[(separator + 1)..].StartsWith("//"u8);
        return !isScheme && value < _text.Length && _text[value] is not ((byte)'\n' or (byte)'\r');
    }

    private void HideValue(SecretKind kind, int value, bool toEndOfLine)
    {
        int first = SkipQuote(value);
        if (IsHidden(first, out int hiddenEnd))
        {
            _at = hiddenEnd;
        }
        else if (kind == SecretKind.KeysByAddress)
        {
            HideKeysByAddress(first);
        }
        else if (kind is SecretKind.ApiKey or SecretKind.ApplicationKey && EndOf(KeyBytes, first) is var end && end - first > KeptOfKey && !IsToken(end))
        {
            Hide(first, end, kind == SecretKind.ApiKey ? 28 : 36, KeptOfKey);
            _at = end;
        }
        else
        {
            int valueEnd = first > value ? EndOfQuoted(value, first)
                : toEndOfLine ? EndOfLine(first)
                : EndOf(ValueEnds, first, isExcept: true);
            if (valueEnd > first)
            {
                Hide(first, valueEnd, Stars.Length, kept: 0);
            }

            _at = valueEnd;
        }
    }

    /// <summary><c>{"address":["key",…],…}</c>: texts in lists are keys.</summary>
    private void HideKeysByAddress(int first)
    {
        _at = first;
        if (first >= _text.Length || _text[first] != '{')
        {
            return;
        }

        bool isInList = false;
        while (++_at < _text.Length && _text[_at] != '}')
        {
            int start = _at;
            isInList = _text[start] == '[' || (isInList && _text[start] != ']');
            int quoted = SkipQuote(start);
            bool isQuoted = quoted > start;
            int end = isQuoted ? EndOfQuoted(start, quoted) : EndOf(NameBytes, start);
            if (isQuoted && isInList && !IsHidden(quoted, out _))
            {
                int kept = end - quoted > KeptOfKey * 2 ? KeptOfKey : 0;
                Hide(quoted, end, kept == 0 ? Stars.Length : end - quoted - kept, kept);
            }
            else
            {
                TakeWords(end);
            }

            _at = Math.Max(start, (isQuoted ? SkipQuote(end) : end) - 1);
        }
    }

    private void HidePem()
    {
        int end = _text[_at..].IndexOf("-----END"u8);
        int close = end < 0 ? -1 : _text[(_at + end + 8)..].IndexOf("-----"u8);

        // Cut off: what there is of the key is as secret as the whole.
        int after = close < 0 ? _text.Length : _at + end + 8 + close + 5;
        Hide(_at, after, Stars.Length, kept: 0);
        _at = after;
    }

    private void HideBearer(int token)
    {
        int end = EndOf(TokenBytes, token);
        bool isKey = end - token == 64 && !_text[token..end].ContainsAnyExcept(HexBytes);
        if (end > token)
        {
            Hide(token, end, isKey ? 59 : Stars.Length, isKey ? 5 : 0);
        }

        _at = end;
    }

    /// <summary><c>user:secret@</c>, with or without <c>scheme://</c> before it: from the first colon to the last <c>@</c> before a blank or a quote.</summary>
    private void TakeColon()
    {
        int colon = _at++;
        if (_text[_at..].StartsWith("//"u8))
        {
            _at += 2;
            return;
        }

        if (colon >= _runEnd)
        {
            _runEnd = EndOf(RunEnds, colon, isExcept: true);
            _lastAt = colon + _text[colon.._runEnd].LastIndexOf((byte)'@');
        }

        bool hasUser = colon > 0 && !RunEnds.Contains(_text[colon - 1]);
        if (hasUser && _lastAt > _at)
        {
            Hide(_at, _lastAt, Stars.Length, kept: 0);
            _at = _lastAt;
        }
    }

    /// <summary>Writes what was not written yet, stars, and the last <paramref name="kept"/> bytes before <paramref name="end"/>.</summary>
    private void Hide(int start, int end, int stars, int kept)
    {
        _output.Write(_text[_copied..start]);
        _output.GetSpan(stars)[..stars].Fill((byte)'*');
        _output.Advance(stars);
        _output.Write(_text[(end - kept)..end]);
        _copied = end;
    }

    /// <summary>A value that was scrubbed before: stars, and perhaps the end of a key.</summary>
    private readonly bool IsHidden(int first, out int end)
    {
        int stars = first < _text.Length ? _text[first..].IndexOfAnyExcept((byte)'*') : 0;
        stars = stars < 0 ? _text.Length - first : stars;
        end = EndOf(KeyBytes, first + stars);
        return stars >= Stars.Length && end - first - stars <= KeptOfKey && !IsToken(end);
    }
}
