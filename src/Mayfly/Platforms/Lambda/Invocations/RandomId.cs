using System.Buffers.Binary;

namespace Mayfly.Platforms.Lambda.Invocations;

/// <summary>
/// Trace and span ids from the operating system's generator: a SnapStart image is cloned, and a generator in user space would give every clone the same ids
/// (docs/spec/01-lambda-lifecycle.md#15-init-types).
/// </summary>
internal static class RandomId
{
    /// <summary>A random 63-bit id that is not 0.</summary>
    public static ulong Next()
    {
        // A new Guid reads the system's generator without loading OpenSSL, as RandomNumberGenerator would. Bytes 6 to 8 hold its version and variant; 9 to 15
        // and 0 do not.
        Span<byte> bytes = stackalloc byte[16];
        Guid.NewGuid().TryWriteBytes(bytes);
        bytes[8] = bytes[0];
        ulong id = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) & long.MaxValue;
        return id == 0 ? 1 : id;
    }
}
