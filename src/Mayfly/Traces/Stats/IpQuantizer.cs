using System.Buffers;
using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>
/// Takes the IP addresses out of a peer tag, so that hosts that come and go do not become keys of their own
/// (docs/spec/03-traces.md#42-eligibility-key-buckets, IP quantization).
/// </summary>
internal static class IpQuantizer
{
    /// <summary>Duplicates are looked for among this many distinct items of a list; a longer list keeps its later ones.</summary>
    private const int MostDistinct = 256;

    private static readonly SearchValues<byte> SignsOfAddress = SearchValues.Create("0123456789:,"u8);

    /// <summary>Appends the comma-separated list <paramref name="value"/> with addresses replaced and items that are equal then left out.</summary>
    public static void Append(PooledBuffer output, ReadOnlySpan<byte> value)
    {
        if (!value.ContainsAny(SignsOfAddress))
        {
            output.Write(value);
            return;
        }

        if (!value.Contains((byte)','))
        {
            AppendItem(output, value);
            return;
        }

        Span<(int Start, int Length)> distinct = stackalloc (int, int)[MostDistinct];
        int known = 0;
        foreach (Range range in value.Split((byte)','))
        {
            int mark = output.Length;
            if (known > 0)
            {
                output.WriteByte((byte)',');
            }

            int start = output.Length;
            AppendItem(output, value[range]);
            if (Contains(output, distinct[..Math.Min(known, MostDistinct)], start))
            {
                output.Truncate(mark);
                continue;
            }

            if (known < MostDistinct)
            {
                distinct[known] = (start, output.Length - start);
            }

            known++;
        }
    }

    private static bool Contains(PooledBuffer output, ReadOnlySpan<(int Start, int Length)> items, int start)
    {
        ReadOnlySpan<byte> item = output.WrittenSpan[start..];
        foreach ((int at, int length) in items)
        {
            if (item.SequenceEqual(output.WrittenSpan.Slice(at, length)))
            {
                return true;
            }
        }

        return false;
    }

    private static void AppendItem(PooledBuffer output, ReadOnlySpan<byte> item)
    {
        int prefix = PrefixLength(item);
        ReadOnlySpan<byte> rest = item[prefix..];
        if (!TryFindAddress(rest, out Range address, out Range suffix) || IsAllowed(rest[address]))
        {
            output.Write(item);
            return;
        }

        output.Write(item[..prefix]);
        output.Write("blocked-ip-address"u8);
        output.Write(rest[suffix]);
    }

    private static bool IsAllowed(ReadOnlySpan<byte> address) =>
        address.SequenceEqual("127.0.0.1"u8)
        || address.SequenceEqual("::1"u8)
        || address.SequenceEqual("169.254.169.254"u8)
        || address.SequenceEqual("fd00:ec2::254"u8)
        || address.SequenceEqual("169.254.170.2"u8);

    /// <summary>The <c>ip-</c> of EC2 host names, or a scheme with two or three slashes.</summary>
    private static int PrefixLength(ReadOnlySpan<byte> item)
    {
        if (item.StartsWith("ip-"u8))
        {
            return 3;
        }

        int colon = item.IndexOf("://"u8);
        if (colon < 0 || !IsScheme(item[..colon]))
        {
            return 0;
        }

        int end = colon + 3;
        return end < item.Length && item[end] == (byte)'/' ? end + 1 : end;
    }

    private static bool IsScheme(ReadOnlySpan<byte> text) =>
        text.SequenceEqual("http"u8)
        || text.SequenceEqual("https"u8)
        || text.SequenceEqual("dnspoll"u8)
        || text.SequenceEqual("ftp"u8)
        || text.SequenceEqual("file"u8);

    /// <summary>The address that <paramref name="text"/> begins with or, in version 6 without brackets, is.</summary>
    private static bool TryFindAddress(ReadOnlySpan<byte> text, out Range address, out Range suffix)
    {
        address = suffix = default;
        int digits = 0;
        while (digits < text.Length && text[digits] is >= (byte)'0' and <= (byte)'9')
        {
            digits++;
        }

        if (digits == text.Length)
        {
            return false;
        }

        byte next = text[digits];
        if (next is (byte)'.' or (byte)'-' or (byte)'_')
        {
            int length = IpAddressText.Version4Length(text, next);
            (address, suffix) = (..length, length..);
            return length > 0;
        }

        if (next == (byte)'[' && digits == 0)
        {
            int close = text.IndexOf((byte)']');
            (address, suffix) = close < 0 ? default : (1..close, (close + 1)..);
            return close > 0 && IpAddressText.IsVersion6(text[address]);
        }

        (address, suffix) = (.., text.Length..);
        return IpAddressText.IsVersion6(text);
    }
}
