using Mayfly.Http;
using Mayfly.Lifecycle;
using Mayfly.Metrics.Transports;

namespace Mayfly.Platforms;

/// <summary>Everything through which data comes into the agent; knows when all of it that is on its way has been received.</summary>
/// <param name="endpoints">The HTTP listeners.</param>
/// <param name="dogStatsd">Sockets and pipes.</param>
/// <param name="time">The clock of the waiting.</param>
public sealed class InboundTraffic(IReadOnlyList<HttpEndpoint> endpoints, IReadOnlyList<DogStatsdServer> dogStatsd, TimeProvider time)
{
    /// <summary>How long requests that are being received when the runtime is done are waited for.</summary>
    private static readonly TimeSpan LongestSettling = TimeSpan.FromMilliseconds(250);

    /// <summary>Waits, for a moment and at most until <paramref name="back"/>, until what is on its way into the agent has been received.</summary>
    public async Task SettleAsync(Deadline back)
    {
        Deadline settled = Deadline.Min(back, Deadline.In(time, LongestSettling));
        Task requests = Task.WhenAll(endpoints.Select(static endpoint => endpoint.Requests.WhenQuiet()));
        Task datagrams = Task.WhenAll(dogStatsd.Select(one => one.DrainAsync(settled)));
        await settled.WaitForAsync(Task.WhenAll(requests, datagrams));
    }
}
