using System.Collections.Concurrent;

namespace Mayfly.EndToEnd.Functions;

/// <summary>One recorded run per agent, made when a test of the class first asks for it and then only read.</summary>
public abstract class SharedRuns<TRun>
    where TRun : class
{
    private readonly ConcurrentDictionary<string, Lazy<Task<TRun>>> _runs = [];

    internal Task<TRun> OfAsync(string agent) => _runs.GetOrAdd(agent, name => new Lazy<Task<TRun>>(() => RecordAsync(name))).Value;

    /// <summary>Plays the scenario with an agent and shuts everything down again.</summary>
    protected abstract Task<TRun> RecordAsync(string agent);
}
