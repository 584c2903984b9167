using System.Buffers;
using Mayfly.Wire;

namespace Mayfly.Traces.Obfuscation;

/// <summary>
/// Takes what may be secret out of a URL: user information always, the query and path segments with digits on request. All other bytes stay as they are.
/// </summary>
/// <remarks>docs/spec/03-traces.md#http-url</remarks>
internal static class HttpUrl
{
    private static readonly SearchValues<byte> Control = SearchValues.Create([.. Enumerable.Range(0, 0x20).Append(0x7f).Select(static b => (byte)b)]);

    /// <summary>Appends the URL; false: nothing is to be taken out of it, and nothing is appended.</summary>
    public static bool TryObfuscate(ReadOnlySpan<byte> url, bool removesQuery, bool removesDigits, PooledBuffer output)
    {
        bool mayHoldUser = url.Contains((byte)'@');
        if (url.IsEmpty || !(mayHoldUser || removesQuery || removesDigits))
        {
            return false;
        }

        var parts = Parts.Of(url);
        if ((removesQuery || removesDigits) && !parts.IsValid(url))
        {
            output.WriteByte((byte)'?');
            return true;
        }

        int mark = output.Length;
        output.Write(url[..parts.Authority]);
        output.Write(url[parts.Host..parts.Path]);
        ReadOnlySpan<byte> path = url[parts.Path..parts.Query];
        if (removesDigits && !parts.IsOpaque(url))
        {
            WritePath(path, output);
        }
        else
        {
            output.Write(path);
        }

        ReadOnlySpan<byte> query = url[parts.Query..parts.Fragment];
        output.Write(removesQuery && !query.IsEmpty ? query[..1] : query);
        output.Write(url[parts.Fragment..]);
        bool isChanged = !output.WrittenSpan[mark..].SequenceEqual(url);
        output.Truncate(isChanged ? output.Length : mark);
        return isChanged;
    }

    private static void WritePath(ReadOnlySpan<byte> path, PooledBuffer output)
    {
        while (true)
        {
            int slash = path.IndexOf((byte)'/');
            ReadOnlySpan<byte> segment = slash < 0 ? path : path[..slash];
            output.Write(HasDigit(segment) ? "?"u8 : segment);
            if (slash < 0)
            {
                return;
            }

            output.WriteByte((byte)'/');
            path = path[(slash + 1)..];
        }
    }

    /// <summary>A digit, or one that is written as <c>%30</c> to <c>%39</c>. The digits of other escapes do not count.</summary>
    private static bool HasDigit(ReadOnlySpan<byte> segment)
    {
        for (int i = 0; i < segment.Length; i++)
        {
            bool isEscape = segment[i] == '%' && i + 2 < segment.Length;
            if (isEscape ? segment[i + 1] == '3' && char.IsAsciiDigit((char)segment[i + 2]) : char.IsAsciiDigit((char)segment[i]))
            {
                return true;
            }

            i += isEscape ? 2 : 0;
        }

        return false;
    }

    /// <summary>Where the parts of a URL begin: <c>scheme://user@host/path?query#fragment</c>.</summary>
    private readonly record struct Parts(int Scheme, int Authority, int Host, int Path, int Query, int Fragment)
    {
        public static Parts Of(ReadOnlySpan<byte> url)
        {
            int fragment = IndexOrEnd(url, 0, "#"u8);
            int query = IndexOrEnd(url[..fragment], 0, "?"u8);
            int scheme = SchemeLength(url[..query]);
            bool hasAuthority = url[scheme..query].StartsWith("//"u8);
            int authority = hasAuthority ? scheme + 2 : scheme;
            int path = hasAuthority ? IndexOrEnd(url[..query], authority, "/"u8) : authority;
            int user = url[authority..path].LastIndexOf((byte)'@');
            return new Parts(scheme, authority, authority + user + 1, path, query, fragment);
        }

        /// <summary><c>mailto:someone</c>: no path that could be looked at.</summary>
        public bool IsOpaque(ReadOnlySpan<byte> url) => Scheme > 0 && (Path == url.Length || url[Path] != '/');

        /// <summary>False for what Go's <c>net/url</c> refuses, as far as it can tell anything about what the URL holds.</summary>
        public bool IsValid(ReadOnlySpan<byte> url)
        {
            ReadOnlySpan<byte> first = url[Path..Query];
            int slash = first.IndexOf((byte)'/');
            first = slash < 0 ? first : first[..slash];
            return !url[..Fragment].ContainsAny(Control)
                && HasWholeEscapes(url[..Query])
                && HasWholeEscapes(url[Fragment..])
                && !url[Host..Path].Contains((byte)' ')
                && (Scheme > 0 || Path > 0 || !first.Contains((byte)':'));
        }

        /// <summary>Length of <c>scheme:</c>; 0 = there is none.</summary>
        private static int SchemeLength(ReadOnlySpan<byte> url)
        {
            int colon = url.IndexOf((byte)':');
            if (colon <= 0 || !char.IsAsciiLetter((char)url[0]))
            {
                return 0;
            }

            foreach (byte b in url[..colon])
            {
                if (!char.IsAsciiLetterOrDigit((char)b) && b is not ((byte)'+' or (byte)'-' or (byte)'.'))
                {
                    return 0;
                }
            }

            return colon + 1;
        }

        private static int IndexOrEnd(ReadOnlySpan<byte> url, int from, ReadOnlySpan<byte> mark)
        {
            int at = url[from..].IndexOf(mark);
            return at < 0 ? url.Length : from + at;
        }

        private static bool HasWholeEscapes(ReadOnlySpan<byte> text)
        {
            while (text.IndexOf((byte)'%') is var at and >= 0)
            {
                if (at + 2 >= text.Length || !char.IsAsciiHexDigit((char)text[at + 1]) || !char.IsAsciiHexDigit((char)text[at + 2]))
                {
                    return false;
                }

                text = text[(at + 3)..];
            }

            return true;
        }
    }
}
