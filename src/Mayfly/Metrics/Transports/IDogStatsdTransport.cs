using Mayfly.Lifecycle;

namespace Mayfly.Metrics.Transports;

/// <summary>One way in which DogStatsD packets come. Bound when it is made; receives between <see cref="Start"/> and its disposal.</summary>
internal interface IDogStatsdTransport : IDisposable
{
    void Start();

    /// <summary>Completes when everything that had reached this host before the call is aggregated, or at the deadline. True: it is.</summary>
    Task<bool> DrainAsync(Deadline deadline);
}
