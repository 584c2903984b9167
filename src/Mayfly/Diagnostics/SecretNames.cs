using System.Text;

namespace Mayfly.Diagnostics;

/// <summary>How much of the text behind a name is a secret.</summary>
internal enum SecretKind
{
    None,

    /// <summary>The value: up to a blank, a quote or another end of a value.</summary>
    Value,

    /// <summary>All that stands on the line: cookies and credentials have blanks in them.</summary>
    Line,

    /// <summary>An API key, whose last characters tell keys apart and are kept.</summary>
    ApiKey,

    /// <summary>An application key, the same.</summary>
    ApplicationKey,

    /// <summary>An object of lists of API keys by address.</summary>
    KeysByAddress,
}

/// <summary>Names whose values are secrets: settings, headers, members of objects.</summary>
/// <remarks>docs/spec/04-metrics-logs.md#c14-scrubbing-rules-of-the-go-agent-own-logs-flare-config-dumps</remarks>
public static class SecretNames
{
    /// <summary>What stands for a secret of which nothing may be seen.</summary>
    public const string Stars = "********";

    private const int LongestName = 128;

    /// <summary>True for the name of a header that carries credentials, in any case: <c>x-…-key</c>, <c>dd-api-key</c>, <c>cookie</c> ….</summary>
    public static bool IsHeader(ReadOnlySpan<byte> name)
    {
        Span<byte> buffer = stackalloc byte[LongestName];
        return TryFold(name, buffer, out ReadOnlySpan<byte> folded) && (IsWholeLine(folded) || IsKeyHeader(folded, name));
    }

    /// <summary>True for a setting whose whole value is a secret.</summary>
    public static bool IsSetting(string name)
    {
        Span<byte> buffer = stackalloc byte[LongestName];
        return TryFold(Encoding.UTF8.GetBytes(name), buffer, out ReadOnlySpan<byte> folded)
            && (EndsWithAny(folded, "api_key"u8, "app_key"u8, "kms_encrypted"u8) || EndsWithAny(folded, "secret_access_key"u8, "_token"u8));
    }

    /// <summary>True for a setting that holds keys beside other things: addresses with their keys.</summary>
    public static bool IsKeysByAddress(string name) => name.EndsWith("ADDITIONAL_ENDPOINTS", StringComparison.OrdinalIgnoreCase);

    /// <summary>True for a setting that is an address, which may have user and password in it.</summary>
    public static bool IsAddress(string name) =>
        name.EndsWith("_URL", StringComparison.OrdinalIgnoreCase) || name.EndsWith("_URI", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("AWS_ENDPOINT_URL", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith("PROXY_HTTP", StringComparison.OrdinalIgnoreCase) || name.EndsWith("PROXY_HTTPS", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith("HTTP_PROXY", StringComparison.OrdinalIgnoreCase) || name.EndsWith("HTTPS_PROXY", StringComparison.OrdinalIgnoreCase);

    /// <summary>An address with stars for all that stands before its last <c>@</c>, whatever characters a password has.</summary>
    public static string MaskUser(string address)
    {
        int scheme = address.IndexOf("://", StringComparison.Ordinal);
        int start = scheme < 0 ? 0 : scheme + 3;
        int at = address.LastIndexOf('@');
        return at < start ? address : string.Concat(address.AsSpan(0, start), Stars, address.AsSpan(at));
    }

    /// <summary>Stars, and of a secret that is long enough the end, which tells keys apart.</summary>
    public static string Mask(string secret)
    {
        const int Kept = 4;
        const int LongEnough = 20;
        return secret.Length == 0 ? "" : secret.Length < LongEnough ? Stars : Stars + secret[^Kept..];
    }

    /// <param name="name">Letters, digits, <c>_</c> and <c>-</c>; any case.</param>
    /// <param name="separator">What stands behind it: <c>:</c> or <c>=</c>.</param>
    internal static SecretKind KindOf(ReadOnlySpan<byte> name, byte separator)
    {
        Span<byte> buffer = stackalloc byte[LongestName];
        if (!TryFold(name, buffer, out ReadOnlySpan<byte> folded))
        {
            return SecretKind.None;
        }

        if (IsWholeLine(folded))
        {
            return SecretKind.Line;
        }

        if (IsKeyHeader(folded, name))
        {
            return SecretKind.Value;
        }

        if (EndsWithAny(folded, "api_key"u8, "apikey"u8))
        {
            return SecretKind.ApiKey;
        }

        if (EndsWithAny(folded, "app_key"u8, "appkey"u8, "application_key"u8))
        {
            return SecretKind.ApplicationKey;
        }

        if (folded.EndsWith("additional_endpoints"u8))
        {
            return SecretKind.KeysByAddress;
        }

        return IsPassword(folded, separator) || IsCredential(folded) ? SecretKind.Value : SecretKind.None;
    }

    private static bool IsWholeLine(ReadOnlySpan<byte> folded) => EndsWithAny(folded, "authorization"u8, "cookie"u8, "cookies"u8);

    /// <summary>A header, unlike the setting of the same letters, is written with dashes.</summary>
    private static bool IsKeyHeader(ReadOnlySpan<byte> folded, ReadOnlySpan<byte> name) =>
        folded.StartsWith("x_"u8)
            ? EndsWithAny(folded, "key"u8, "token"u8, "auth"u8) || EndsWithAny(folded, "secret"u8, "passcode"u8, "signature"u8)
            : (folded.SequenceEqual("dd_api_key"u8) && name.Contains((byte)'-'))
                || EndsWithAny(folded, "session_token"u8, "security_token"u8, "websocket_key"u8);

    /// <summary>Before a colon a part of the name is enough, as in <c>password_mysql: x</c>; before an equals sign it has to end so.</summary>
    private static bool IsPassword(ReadOnlySpan<byte> folded, byte separator) => separator == ':'
        ? folded.IndexOf("pass"u8) >= 0 || folded.IndexOf("pwd"u8) >= 0 || folded.EndsWith("pswd"u8)
        : EndsWithAny(folded, "pass"u8, "password"u8, "passwd"u8) || EndsWithAny(folded, "pswd"u8, "pwd"u8);

    private static bool IsCredential(ReadOnlySpan<byte> folded) =>
        EndsWithAny(folded, "token"u8, "jwt"u8, "secret"u8)
        || EndsWithAny(folded, "secret_id"u8, "access_key"u8, "private_key"u8)
        || EndsWithAny(folded, "consumer_key"u8, "token_id"u8, "community"u8)
        || EndsWithAny(folded, "community_string"u8, "community_strings"u8, "authentication_key"u8)
        || EndsWithAny(folded, "authkey"u8, "auth_key"u8, "privkey"u8)
        || EndsWithAny(folded, "priv_key"u8, "privacy_key"u8, "statuskey"u8)
        || EndsWithAny(folded, "lodauth"u8, "auth_tenantid"u8);

    private static bool EndsWithAny(ReadOnlySpan<byte> name, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c = default) =>
        name.EndsWith(a) || name.EndsWith(b) || (!c.IsEmpty && name.EndsWith(c));

    /// <summary>Lower case, and one kind of dash. False: too long to be the name of anything.</summary>
    private static bool TryFold(ReadOnlySpan<byte> name, Span<byte> buffer, out ReadOnlySpan<byte> folded)
    {
        folded = default;
        if (name.Length is < 3 or > LongestName)
        {
            return false;
        }

        Ascii.ToLower(name, buffer, out int length);
        buffer[..length].Replace((byte)'-', (byte)'_');
        folded = buffer[..length];
        return length == name.Length;
    }
}
