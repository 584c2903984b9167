using System.IO.Pipes;
using System.Runtime.Versioning;
using Mayfly.Diagnostics;
using Mayfly.Lifecycle;

namespace Mayfly.Metrics.Transports;

/// <summary>
/// Receives DogStatsD lines from the clients of a named pipe, each on a pipe instance of its own
/// (docs/spec/04-metrics-logs.md#a1-transports, named-pipe framing).
/// </summary>
internal sealed class PipeListener(Func<NamedPipeServerStream> create, PacketReceiver receiver, TimeProvider time, Log log, int packetBytes)
    : IDogStatsdTransport
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainStep = TimeSpan.FromMilliseconds(2);

    private readonly CancellationTokenSource _stop = new();
    private int _busy;

    /// <summary>Makes instances of a pipe that those may open whom <paramref name="securityDescriptor"/> (SDDL) allows to.</summary>
    [SupportedOSPlatform("windows")]
    public static Func<NamedPipeServerStream> WindowsPipe(string name, string securityDescriptor) => () =>
    {
        var security = new PipeSecurity();
        security.SetSecurityDescriptorSddlForm(securityDescriptor);
        return NamedPipeServerStreamAcl.Create(
            name, PipeDirection.In, NamedPipeServerStream.MaxAllowedServerInstances, PipeTransmissionMode.Byte, PipeOptions.Asynchronous, inBufferSize: 0,
            outBufferSize: 0, security);
    };

    public void Start() => _ = ServeAllAsync();

    /// <inheritdoc/>
    /// <remarks>What a pipe still holds cannot be asked for; what has been read is waited for.</remarks>
    public async Task<bool> DrainAsync(Deadline deadline)
    {
        while (Volatile.Read(ref _busy) > 0)
        {
            if (deadline.HasPassed || _stop.IsCancellationRequested)
            {
                return false;
            }

            await Task.Delay(DrainStep);
        }

        return true;
    }

    public void Dispose() => _stop.Cancel();

    private async Task ServeAllAsync()
    {
        NamedPipeServerStream? pipe = null;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                pipe ??= create();
                await pipe.WaitForConnectionAsync(_stop.Token);
                NamedPipeServerStream connected = pipe;
                pipe = null;
                try
                {
                    // First the instance for the next client: while there is none, it finds no pipe at all.
                    pipe = create();
                }
                finally
                {
                    _ = ReadAsync(connected);
                }
            }
            catch (OperationCanceledException)
            {
                pipe?.Dispose();
                return;
            }
            catch (Exception e)
            {
                pipe?.Dispose();
                pipe = null;
                log.Once("dogstatsd-pipe", LogLevel.Error, $"DogStatsD: the named pipe cannot be served ({e.Message}); it is tried again every second");
                await Task.WhenAny(Task.Delay(RetryPause, time, _stop.Token));
            }
        }

        pipe?.Dispose();
    }

    private async Task ReadAsync(NamedPipeServerStream pipe)
    {
        using var frames = new FrameBuffer(packetBytes, isLines: true, receiver);
        byte[] buffer = new byte[4096];
        try
        {
            int received;
            while ((received = await pipe.ReadAsync(buffer, _stop.Token)) > 0)
            {
                Take(frames, buffer.AsSpan(0, received));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or IOException)
        {
            // The client's end, or the agent's; what has come is taken.
        }
        catch (Exception e)
        {
            log.Once("dogstatsd-fault", LogLevel.Error, $"DogStatsD: a connection was lost: {e}");
        }
        finally
        {
            frames.End();
            pipe.Dispose();
        }
    }

    private void Take(FrameBuffer frames, ReadOnlySpan<byte> bytes)
    {
        Interlocked.Increment(ref _busy);
        try
        {
            Feed(frames, bytes);
        }
        finally
        {
            Interlocked.Decrement(ref _busy);
        }
    }

    private static void Feed(FrameBuffer frames, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Span<byte> free = frames.Free;
            int length = Math.Min(free.Length, bytes.Length);
            bytes[..length].CopyTo(free);
            frames.Advance(length);
            bytes = bytes[length..];
        }
    }
}
