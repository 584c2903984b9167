using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;
using Mayfly.Wire;

namespace Mayfly.Compression;

/// <summary>
/// zstd (RFC 8878) by libzstd 1.5.4, where <c>./build.sh agent</c> has linked it in: docs/decisions/0010-compression.md. Its contexts live in pooled arrays
/// for the time of one call: at most 0.8 MB each, none that is kept, and no memory of its own. Thread-safe.
/// </summary>
internal static unsafe partial class Zstd
{
    /// <summary>The switch that says whether the library is there; what is built without it has no trace of these calls.</summary>
    internal const string Switch = "Mayfly.Compression.Zstd";

    internal const string Library = "libzstd";

    /// <summary>Larger ones are not made here.</summary>
    private const int LargestBytes = 256 * 1024 * 1024;

    /// <summary>What is looked back for repetitions, and of how much a call takes at a time: the largest block of the format.</summary>
    private const int WindowLog = 17;

    /// <summary>A frame's header, and its last block where that is empty.</summary>
    private const int FrameBytes = 32;

    [FeatureSwitchDefinition(Switch)]
    public static bool IsLinked => AppContext.TryGetSwitch(Switch, out bool isLinked) && isLinked;

    /// <summary>One frame that says how long the body is. False: it cannot be compressed here; there is nothing to dispose then.</summary>
    /// <param name="level">0–22, as users write it.</param>
    /// <param name="compressed">The caller disposes it.</param>
    public static bool TryCompress(ReadOnlySpan<byte> body, int level, [NotNullWhen(true)] out PooledBuffer? compressed)
    {
        compressed = null;
        if (body.Length > LargestBytes)
        {
            return false;
        }

        Parameters parameters = ParametersOf(level, body.Length);
        nuint contextBytes = EstimateCompressionContext(parameters.Match);
        using PooledBuffer context = PooledBuffer.Rent(checked((int)contextBytes));
        using PooledBuffer block = PooledBuffer.Rent((int)CompressBound((nuint)Math.Min(body.Length, 1 << WindowLog)) + FrameBytes);
        fixed (byte* memory = context.Array, source = body, target = block.Array)
        {
            nint compressor = InitCompressionContext(memory, contextBytes);
            if (compressor == 0 || IsError(BeginCompression(compressor, null, 0, parameters, (ulong)body.Length)))
            {
                return false;
            }

            for (int at = 0; ;)
            {
                int size = Math.Min(body.Length - at, 1 << WindowLog);
                bool isLast = at + size == body.Length;
                nuint written = isLast
                    ? EndCompression(compressor, target, (nuint)block.Capacity, source + at, (nuint)size)
                    : ContinueCompression(compressor, target, (nuint)block.Capacity, source + at, (nuint)size);
                if (IsError(written))
                {
                    compressed?.Dispose();
                    compressed = null;
                    return false;
                }

                // It may wait for long: its array is no longer than it has to be.
                compressed ??= PooledBuffer.Rent(isLast ? (int)written : body.Length / 8);
                compressed.Write(new ReadOnlySpan<byte>(target, (int)written));
                at += size;
                if (isLast)
                {
                    return true;
                }
            }
        }
    }

    /// <summary>Appends the body of a frame that says how long it is. False, with nothing appended: it is none, or damaged.</summary>
    public static bool TryDecompress(ReadOnlySpan<byte> frame, PooledBuffer target)
    {
        nuint contextBytes = EstimateDecompressionContext();
        using PooledBuffer context = PooledBuffer.Rent(checked((int)contextBytes));
        fixed (byte* memory = context.Array, source = frame)
        {
            // What it does not know, and what is no frame, is above every length.
            ulong length = FrameContentSize(source, (nuint)frame.Length);
            nint decompressor = InitDecompressionContext(memory, contextBytes);
            if (length > LargestBytes || decompressor == 0)
            {
                return false;
            }

            fixed (byte* body = target.GetSpan((int)length))
            {
                if (Decompress(decompressor, body, (nuint)length, source, (nuint)frame.Length) != (nuint)length)
                {
                    return false;
                }
            }

            target.Advance((int)length);
            return true;
        }
    }

    /// <summary>
    /// 1 is the library's level 1; up to 3, the default, its level 2 for bodies of 128 KiB, which for what agents send is smaller than its level 3 and costs
    /// two thirds; above, what compares more, at six times the cost. All of them for bodies of this length.
    /// </summary>
    private static Parameters ParametersOf(int level, int length)
    {
        uint windowLog = (uint)Math.Clamp(BitOperations.Log2((uint)Math.Max(length - 1, 1)) + 1, 10, WindowLog);
        MatchParameters match = level switch
        {
            1 => new() { HashLog = 13, ChainLog = 12, SearchLog = 1, MinMatch = 6, Strategy = Strategy.Fast },
            <= 3 => new() { HashLog = 15, ChainLog = 12, SearchLog = 1, MinMatch = 5, Strategy = Strategy.Fast },
            _ => new() { HashLog = 15, ChainLog = 15, SearchLog = 4, MinMatch = 5, TargetLength = 8, Strategy = Strategy.Lazy2 },
        };
        match.WindowLog = windowLog;
        match.HashLog = Math.Min(match.HashLog, windowLog);
        match.ChainLog = Math.Min(match.ChainLog, windowLog);
        return new Parameters { Match = match, HasContentSize = 1 };
    }

    /// <summary>Its errors are −1 to −119, where lengths are.</summary>
    private static bool IsError(nuint result) => (nint)result < 0;

    [LibraryImport(Library, EntryPoint = "ZSTD_compressBound")]
    private static partial nuint CompressBound(nuint length);

    [LibraryImport(Library, EntryPoint = "ZSTD_estimateCCtxSize_usingCParams")]
    private static partial nuint EstimateCompressionContext(MatchParameters match);

    [LibraryImport(Library, EntryPoint = "ZSTD_initStaticCCtx")]
    private static partial nint InitCompressionContext(byte* memory, nuint size);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressBegin_advanced")]
    private static partial nuint BeginCompression(nint context, byte* dictionary, nuint dictionarySize, Parameters parameters, ulong length);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressContinue")]
    private static partial nuint ContinueCompression(nint context, byte* target, nuint targetSize, byte* source, nuint sourceSize);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressEnd")]
    private static partial nuint EndCompression(nint context, byte* target, nuint targetSize, byte* source, nuint sourceSize);

    [LibraryImport(Library, EntryPoint = "ZSTD_getFrameContentSize")]
    private static partial ulong FrameContentSize(byte* frame, nuint size);

    [LibraryImport(Library, EntryPoint = "ZSTD_estimateDCtxSize")]
    private static partial nuint EstimateDecompressionContext();

    [LibraryImport(Library, EntryPoint = "ZSTD_initStaticDCtx")]
    private static partial nint InitDecompressionContext(byte* memory, nuint size);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressDCtx")]
    private static partial nuint Decompress(nint context, byte* target, nuint targetSize, byte* source, nuint sourceSize);

    /// <summary>The strategies that are linked in; numbers of the library.</summary>
    private enum Strategy : uint
    {
        Fast = 1,
        Lazy2 = 5,
    }

    /// <summary><c>ZSTD_compressionParameters</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MatchParameters
    {
        public uint WindowLog;
        public uint ChainLog;
        public uint HashLog;
        public uint SearchLog;
        public uint MinMatch;
        public uint TargetLength;
        public Strategy Strategy;
    }

    /// <summary><c>ZSTD_parameters</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Parameters
    {
        public MatchParameters Match;
        public int HasContentSize;
        public int HasChecksum;
        public int HasNoDictionaryId;
    }
}
