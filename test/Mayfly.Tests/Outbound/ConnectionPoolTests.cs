using System.Net;
using Mayfly.Outbound;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.Tests.Outbound;

/// <summary>docs/spec/05-config.md#9-proxy-and-http-client, connections: which of them a request may use.</summary>
public class ConnectionPoolTests
{
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(2);

    private readonly FakeClock _clock = new();
    private readonly List<Handler> _made = [];
    private readonly ConnectionPool _pool;

    public ConnectionPoolTests() => _pool = new ConnectionPool(
        () =>
        {
            _made.Add(new Handler());
            return new HttpMessageInvoker(_made[^1]);
        },
        Rest,
        _clock);

    [Fact]
    public async Task Connections_are_kept_from_request_to_request()
    {
        for (int i = 0; i < 5; i++)
        {
            Task<HttpResponseMessage> sent = SendAsync();
            _clock.Advance(Rest / 2);
            _made[0].Answer();
            (await sent).Dispose();
            _clock.Advance(Rest);
        }

        Assert.Equal((5, 0), (Assert.Single(_made).Requests, _made[0].Disposals));
    }

    /// <summary>The old ones are left to the requests that are on them, and end with the last.</summary>
    [Fact]
    public async Task After_a_rest_there_are_new_ones()
    {
        Task<HttpResponseMessage> first = SendAsync();
        Task<HttpResponseMessage> second = SendAsync();
        _clock.Advance(Rest * 2);
        Task<HttpResponseMessage> third = SendAsync();
        Assert.Equal((2, 2, 1), (_made.Count, _made[0].Requests, _made[1].Requests));
        _made[0].Answer();
        (await first).Dispose();
        Assert.Equal(0, _made[0].Disposals);
        _made[0].Fail();
        await Assert.ThrowsAsync<HttpRequestException>(() => second);
        Assert.Equal(1, _made[0].Disposals);
        _made[1].Answer();
        (await third).Dispose();
        _clock.Advance(Rest * 2);
        Task<HttpResponseMessage> fourth = SendAsync();
        Assert.Equal((3, 1), (_made.Count, _made[1].Disposals));
        _made[2].Answer();
        (await fourth).Dispose();
        _pool.Dispose();
        Assert.All(_made, static one => Assert.Equal(1, one.Disposals));
    }

    /// <summary>It was there before the freeze, and read after it: the connections of then are not fresh by that.</summary>
    [Fact]
    public async Task An_answer_from_before_a_freeze_makes_nothing_fresh()
    {
        Task<HttpResponseMessage> sent = SendAsync();
        _clock.Advance(Rest * 2);
        _made[0].Answer();
        (await sent).Dispose();
        Assert.Equal(1, _made[0].Disposals);
        Task<HttpResponseMessage> next = SendAsync();
        Assert.Equal(2, _made.Count);
        _made[1].Answer();
        (await next).Dispose();
    }

    private async Task<HttpResponseMessage> SendAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://intake.invalid/");
        return await _pool.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>Answers, oldest first, when it is told to.</summary>
    private sealed class Handler : HttpMessageHandler
    {
        private readonly Queue<TaskCompletionSource<HttpResponseMessage>> _waiting = [];

        public int Requests { get; private set; }

        public int Disposals { get; private set; }

        public void Answer() => _waiting.Dequeue().SetResult(new HttpResponseMessage(HttpStatusCode.OK));

        public void Fail() => _waiting.Dequeue().SetException(new HttpRequestException("gone"));

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests++;
            _waiting.Enqueue(new TaskCompletionSource<HttpResponseMessage>());
            return _waiting.Last().Task;
        }

        protected override void Dispose(bool disposing)
        {
            Disposals++;
            base.Dispose(disposing);
        }
    }
}
