using System.Runtime.InteropServices;

namespace Mayfly.Diagnostics;

/// <summary>
/// Standard output or standard error, unbuffered. Written to by the C library where there is one: .NET's console brings what it needs to read keys and to
/// colour a terminal, 60 KB of binary. What nobody can take any more is lost without a word: there is no place left to say it. Not thread-safe.
/// </summary>
public sealed partial class StandardStream : Stream
{
    private const int Output = 1;
    private const int Error = 2;
    private const int Interrupted = 4;
    private const int TryAgain = 11;
    private const int BrokenPipe = 13;
    private const short CanTake = 4;

    /// <summary>A reader that takes nothing for so long is left alone: the function may be waiting for the agent.</summary>
    private const int LongestWaitMs = 1000;

    private readonly int _descriptor;

    private StandardStream(int descriptor) => _descriptor = descriptor;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public static Stream OpenOutput() => Open(Output);

    public static Stream OpenError() => Open(Error);

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            nint written;
            unsafe
            {
                fixed (byte* bytes = buffer)
                {
                    written = WriteTo(_descriptor, bytes, (nuint)buffer.Length);
                }
            }

            if (written >= 0)
            {
                buffer = buffer[(int)written..];
            }
            else if (Marshal.GetLastPInvokeError() is var error && error != Interrupted && (error != TryAgain || !WaitUntilItTakes()))
            {
                return;
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private static Stream Open(int descriptor)
    {
        if (!OperatingSystem.IsLinux())
        {
#pragma warning disable RS0030 // The one place that owns standard output.
            return descriptor == Output ? Console.OpenStandardOutput() : Console.OpenStandardError();
#pragma warning restore RS0030
        }

        // A pipe whose reader has gone is an error to be told of, not the end of the process.
        _ = Signal(BrokenPipe, Ignored);
        return new StandardStream(descriptor);
    }

    private bool WaitUntilItTakes()
    {
        var asked = new Poll { Descriptor = _descriptor, Events = CanTake };
        return PollFor(ref asked, 1, LongestWaitMs) == 1 && (asked.Returned & CanTake) != 0;
    }

    private static nint Ignored => 1;

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint WriteTo(int descriptor, byte* bytes, nuint length);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int PollFor(ref Poll asked, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint Signal(int signal, nint handler);

    private struct Poll
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
