using System.Runtime.InteropServices;
using Mayfly.Compression;
using Xunit;

namespace Mayfly.Tests.Compression;

/// <summary>
/// The system's libzstd in the place of the one that is linked into the native agent, which the end-to-end tests run. Nearly every Linux has it: packages are
/// compressed with it.
/// </summary>
internal static class SystemZstd
{
    private static readonly Lazy<bool> IsThere = new(Load);

    /// <summary>Skips the test where there is none.</summary>
    public static void Need() => Assert.SkipUnless(IsThere.Value, "this machine has no libzstd.so.1");

    private static bool Load()
    {
        if (!NativeLibrary.TryLoad("libzstd.so.1", out nint library))
        {
            return false;
        }

        NativeLibrary.SetDllImportResolver(typeof(Zstd).Assembly, (name, _, _) => name == Zstd.Library ? library : 0);
        return true;
    }
}
