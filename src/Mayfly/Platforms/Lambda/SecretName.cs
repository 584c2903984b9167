using System.Text;
using Mayfly.Diagnostics;

namespace Mayfly.Platforms.Lambda;

/// <summary>Names whose values never leave the sandbox in a captured payload (docs/spec/01-lambda-lifecycle.md#49-payload-capture).</summary>
internal static class SecretName
{
    /// <summary>True if the part of the name behind its last dot is one of the list, or a header that carries credentials, in any case.</summary>
    public static bool Matches(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> last = name[(name.LastIndexOf((byte)'.') + 1)..];
        return last.Length switch
        {
            3 => Is(last, "pwd"u8),
            5 => Is(last, "token"u8),
            6 => Is(last, "passwd"u8) || Is(last, "secret"u8),
            7 => Is(last, "api_key"u8),
            8 => Is(last, "password"u8),
            13 => Is(last, "authorization"u8),
            15 => Is(last, "x-authorization"u8),
            _ => false,
        } || SecretNames.IsHeader(last);
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> secret) => Ascii.EqualsIgnoreCase(name, secret);
}
