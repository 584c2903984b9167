using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mayfly.Metrics.Transports;

/// <summary>
/// Many datagrams with one system call, <c>recvmmsg</c>: waits for the first, takes those behind it without waiting. The slots are memory of the operating
/// system's, of which only what datagrams have filled is ever resident.
/// </summary>
internal sealed unsafe partial class LinuxDatagramBatch : DatagramBatch
{
    private const int Slots = 32;

    /// <summary>Return as soon as there is one, with what is there (<c>MSG_WAITFORONE</c>).</summary>
    private const int WaitForOne = 0x10000;

    /// <summary>The datagram was longer than its slot (<c>MSG_TRUNC</c>).</summary>
    private const int Truncated = 0x20;

    private const int Interrupted = 4;
    private const int NoSuchCall = 38;
    private const int ConnectionRefused = 111;

    private readonly SafeHandle _handle;
    private readonly int _socket;
    private readonly int _packetBytes;
    private readonly Message* _messages;
    private readonly IoVector* _vectors;
    private readonly byte* _packets;
    private bool _isDisposed;

    public LinuxDatagramBatch(Socket socket, int packetBytes)
    {
        _packetBytes = packetBytes;
        _packets = (byte*)NativeMemory.Alloc(Slots, (nuint)packetBytes);
        _messages = (Message*)NativeMemory.AllocZeroed(Slots, (nuint)sizeof(Message));
        _vectors = (IoVector*)NativeMemory.AllocZeroed(Slots, (nuint)sizeof(IoVector));
        for (int i = 0; i < Slots; i++)
        {
            _vectors[i] = new IoVector { Start = _packets + (nint)i * packetBytes, Length = (nuint)packetBytes };
            _messages[i].Vectors = _vectors + i;
            _messages[i].VectorCount = 1;
        }

        // The number of the socket stays its own until this object lets go of it.
        bool isAdded = false;
        _handle = socket.SafeHandle;
        _handle.DangerousAddRef(ref isAdded);
        _socket = (int)_handle.DangerousGetHandle();
    }

    /// <summary>The structures below are those of 64-bit Linux, any C library; some sandboxes do not have the call.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux() && sizeof(nint) == 8 && HasCall();

    public override int Capacity => Slots;

    public override int Receive(out string? error)
    {
        error = null;
        int received = recvmmsg(_socket, _messages, Slots, WaitForOne, null);
        if (received < 0)
        {
            int number = Marshal.GetLastPInvokeError();
            if (number is Interrupted or ConnectionRefused)
            {
                return 0;
            }

            error = Marshal.GetPInvokeErrorMessage(number);
        }

        return received;
    }

    public override ReadOnlySpan<byte> Packet(int index, out bool isTruncated)
    {
        ref readonly Message message = ref _messages[index];
        isTruncated = (message.Flags & Truncated) != 0;
        return new ReadOnlySpan<byte>(_vectors[index].Start, (int)Math.Min(message.Length, (uint)_packetBytes));
    }

    public override void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _handle.DangerousRelease();
            NativeMemory.Free(_packets);
            NativeMemory.Free(_messages);
            NativeMemory.Free(_vectors);
        }
    }

    private static bool HasCall()
    {
        const int NoSocket = -1;
        try
        {
            return recvmmsg(NoSocket, null, 0, 0, null) >= 0 || Marshal.GetLastPInvokeError() != NoSuchCall;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int recvmmsg(int socket, Message* messages, uint count, int flags, void* timeout);

    /// <summary><c>struct iovec</c>.</summary>
    private struct IoVector
    {
        public byte* Start;
        public nuint Length;
    }

    /// <summary><c>struct mmsghdr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public void* Name;
        public ulong NameLength;
        public IoVector* Vectors;
        public ulong VectorCount;
        public void* Control;
        public ulong ControlLength;
        public int Flags;
        private readonly int _flagsPadding;
        public uint Length;
        private readonly int _lengthPadding;
    }
}
