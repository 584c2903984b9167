namespace Mayfly.Outbound;

/// <summary>
/// Requests over connections that are kept, but not over a rest: a sandbox freezes between invocations, peers and what lies between drop its connections
/// meanwhile, often without a word, and a request on one of those waits for nobody (docs/spec/05-config.md#9-proxy-and-http-client, connections).
/// </summary>
/// <remarks>
/// The handler's own limit for idle connections is kept by a timer, which stands still in a freeze and comes late after it. Thread-safe.
/// </remarks>
/// <param name="make">Makes the sender of a new generation of connections.</param>
/// <param name="longestRest">After so long without a request or an answer no connection is used again.</param>
/// <param name="time">Counts what a freeze takes.</param>
internal sealed class ConnectionPool(Func<HttpMessageInvoker> make, TimeSpan longestRest, TimeProvider time) : IDisposable
{
    private readonly Lock _gate = new();
    private Generation? _current;
    private long _usedAt;

    private bool IsRested => time.GetElapsedTime(_usedAt) > longestRest;

    /// <summary>Makes the sender, if there is none, before there is something to send.</summary>
    public void Prepare()
    {
        lock (_gate)
        {
            _current ??= new Generation(make());
            _usedAt = time.GetTimestamp();
        }
    }

    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        Generation generation = Enter();
        try
        {
            HttpResponseMessage response = await generation.Sender.SendAsync(request, cancellation);
            Answered(generation);
            return response;
        }
        finally
        {
            Leave(generation);
        }
    }

    public void Dispose() => _current?.Sender.Dispose();

    private Generation Enter()
    {
        HttpMessageInvoker? old = null;
        Generation generation;
        lock (_gate)
        {
            if (_current is not null && IsRested)
            {
                // Where some still wait, perhaps for nobody, the last of them ends it.
                old = _current.Requests == 0 ? _current.Sender : null;
                _current = null;
            }

            generation = _current ??= new Generation(make());
            generation.Requests++;
            _usedAt = time.GetTimestamp();
        }

        old?.Dispose();
        return generation;
    }

    /// <summary>An answer that had been waiting through a freeze tells nothing about the other connections.</summary>
    private void Answered(Generation generation)
    {
        lock (_gate)
        {
            if (generation != _current)
            {
                return;
            }

            if (IsRested)
            {
                _current = null;
            }
            else
            {
                _usedAt = time.GetTimestamp();
            }
        }
    }

    private void Leave(Generation generation)
    {
        bool isOver;
        lock (_gate)
        {
            generation.Requests--;
            isOver = generation.Requests == 0 && generation != _current;
        }

        if (isOver)
        {
            generation.Sender.Dispose();
        }
    }

    private sealed class Generation(HttpMessageInvoker sender)
    {
        public HttpMessageInvoker Sender => sender;

        /// <summary>Without an answer yet.</summary>
        public int Requests { get; set; }
    }
}
