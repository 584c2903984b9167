using System.Text;

namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>How full the file system of the function's temporary directory is; bytes.</summary>
/// <param name="Used">All that is not free to the function's user.</param>
/// <param name="Size">All of it.</param>
internal readonly record struct TmpSpace(double Used, double Size)
{
    /// <summary>The path of <paramref name="directory"/> as <see cref="TryRead"/> wants it.</summary>
    public static byte[] PathOf(string directory) => Encoding.UTF8.GetBytes(directory + '\0');

    /// <summary>False: there is no such directory, or this is no Linux.</summary>
    public static unsafe bool TryRead(ReadOnlySpan<byte> path, out TmpSpace space)
    {
        space = default;
        if (!LinuxCalls.IsSupported)
        {
            return false;
        }

        fixed (byte* start = path)
        {
            if (!LinuxCalls.TryGetFileSystem(start, out (ulong BlockBytes, ulong Blocks, ulong Available) fileSystem))
            {
                return false;
            }

            double blockBytes = fileSystem.BlockBytes;
            space = new TmpSpace(blockBytes * ((double)fileSystem.Blocks - fileSystem.Available), blockBytes * fileSystem.Blocks);
            return true;
        }
    }
}
