using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Http;
using Xunit;

namespace Mayfly.Tests.Http;

public sealed class SocketReaderTests
{
    [Fact]
    public async Task A_read_that_is_cancelled_loses_nothing()
    {
        await using var rig = new Rig();
        Task<ReadResult> read = rig.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.False(read.IsCompleted);
        rig.Reader.CancelPendingRead();
        ReadResult cancelled = await read.WaitAsync(TestContext.Current.CancellationToken);
        Assert.True(cancelled.IsCanceled);
        Assert.True(cancelled.Buffer.IsEmpty);
        rig.Reader.AdvanceTo(cancelled.Buffer.End);

        await rig.Client.SendAsync("hello"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("hello", await rig.ReadAsync(5));
    }

    [Fact]
    public async Task A_cancellation_without_a_read_is_for_the_next_one()
    {
        await using var rig = new Rig();
        rig.Reader.CancelPendingRead();
        Assert.True(rig.Reader.TryRead(out ReadResult result) && result.IsCanceled);
        rig.Reader.AdvanceTo(result.Buffer.End);
        Assert.False(rig.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_position_of_nowhere_takes_nothing_and_one_of_elsewhere_is_refused()
    {
        await using var rig = new Rig();
        await rig.Client.SendAsync("hello"u8.ToArray(), TestContext.Current.CancellationToken);
        ReadResult read = await rig.Reader.ReadAsync(TestContext.Current.CancellationToken);
        rig.Reader.AdvanceTo(read.Buffer.GetPosition(2));
        rig.Reader.AdvanceTo(default, default);
        Assert.True(rig.Reader.TryRead(out read));
        Assert.Equal("llo", Encoding.ASCII.GetString(read.Buffer));
        Assert.Throws<ArgumentOutOfRangeException>(() => rig.Reader.AdvanceTo(new SequencePosition(new object(), 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => rig.Reader.AdvanceTo(new SequencePosition(new object(), 6)));
    }

    [Fact]
    public async Task Who_still_reads_at_the_end_finds_it()
    {
        await using var rig = new Rig();
        Task<ReadResult> read = rig.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        rig.Reader.Complete();
        rig.Served.Cut();
        Assert.True((await read.WaitAsync(TestContext.Current.CancellationToken)).IsCompleted);
    }

    /// <summary>Nothing is examined twice, nothing unread is lost, however little of it is taken each time.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_is_taken_of_each_read_all_bytes_come_once_and_in_order(int seed)
    {
        await using var rig = new Rig();
        var random = new Random(seed);
        byte[] sent = new byte[400_000];
        random.NextBytes(sent);
        Task sending = Task.Run(
            async () =>
            {
                for (int at = 0; at < sent.Length;)
                {
                    int length = Math.Min(sent.Length - at, new Random(at).Next(1, 90_000));
                    at += await rig.Client.SendAsync(sent.AsMemory(at, length), TestContext.Current.CancellationToken);
                }

                rig.Client.Shutdown(SocketShutdown.Send);
            },
            TestContext.Current.CancellationToken);

        var received = new MemoryStream();
        while (true)
        {
            ReadResult read = await rig.Reader.ReadAsync(TestContext.Current.CancellationToken);
            int taken = read.IsCompleted ? (int)read.Buffer.Length : random.Next((int)Math.Min(read.Buffer.Length, 30_000) + 1);
            foreach (ReadOnlyMemory<byte> segment in read.Buffer.Slice(0, taken))
            {
                received.Write(segment.Span);
            }

            bool isAll = taken == read.Buffer.Length;
            rig.Reader.AdvanceTo(read.Buffer.GetPosition(taken), isAll || random.Next(2) == 0 ? read.Buffer.End : read.Buffer.GetPosition(taken));
            if (read.IsCompleted)
            {
                break;
            }
        }

        await sending;
        Assert.Equal(sent, received.ToArray());
    }

    /// <summary>Two connected sockets, the reader on one, its thread.</summary>
    private sealed class Rig : IAsyncDisposable
    {
        private readonly Thread _thread;

        public Rig()
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            Client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            Client.Connect(listener.LocalEndPoint!);
            Served = listener.Accept();
            Reader = new SocketReader(Served);
            _thread = new Thread(Reader.Run);
            _thread.Start();
        }

        public Socket Client { get; }

        public Socket Served { get; }

        public SocketReader Reader { get; }

        public async Task<string> ReadAsync(int length)
        {
            while (true)
            {
                ReadResult read = await Reader.ReadAsync(TestContext.Current.CancellationToken);
                if (read.Buffer.Length >= length || read.IsCompleted)
                {
                    string text = Encoding.ASCII.GetString(read.Buffer);
                    Reader.AdvanceTo(read.Buffer.End);
                    return text;
                }

                Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }

        public async ValueTask DisposeAsync()
        {
            // A test goes on on the reader's thread, which cannot wait for itself.
            await Task.Yield();
            Reader.Complete();
            Served.Cut();
            Assert.True(_thread.Join(TimeSpan.FromSeconds(20)));
            Served.Dispose();
            Client.Dispose();
        }
    }
}
