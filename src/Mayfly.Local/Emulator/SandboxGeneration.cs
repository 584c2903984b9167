using System.Collections.Concurrent;

namespace Mayfly.Local.Emulator;

/// <summary>
/// What lives from one reset to the next: the conversations with the runtime and the extensions, their processes and the first fatal error.
/// </summary>
internal sealed class SandboxGeneration
{
    /// <summary>Limit of extensions per function, external and internal together.</summary>
    public const int MaxExtensions = 10;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<FatalError> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<ExtensionSession> _extensions = [];
    private string? _announcedError;

    public SandboxGeneration(TimeProvider time, RuntimeSession runtime, IEnumerable<string> externalNames)
    {
        _time = time;
        Runtime = runtime;
        _extensions.AddRange(externalNames.Select(name => new ExtensionSession(time, name, isInternal: false)));
    }

    public RuntimeSession Runtime { get; }

    public SandboxProcess? RuntimeProcess { get; set; }

    /// <summary>Processes of external extensions by name; a played extension has none.</summary>
    public ConcurrentDictionary<string, SandboxProcess> ExtensionProcesses { get; } = [];

    /// <summary>The watchers of those processes: each ends when its process is gone.</summary>
    public ConcurrentBag<Task> Watches { get; } = [];

    /// <summary>Completes when a process ends or announces its failure, outside SHUTDOWN.</summary>
    public Task<FatalError> Failure => _failed.Task;

    /// <summary>Completes when the sandbox is gone.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Until the runtime's first next.</summary>
    public bool RegistrationOpen { get; set; } = true;

    /// <summary>Until the end of INIT.</summary>
    public bool SubscriptionOpen { get; set; } = true;

    /// <summary>From here on, ending processes are no failure.</summary>
    public bool ShuttingDown { get; set; }

    /// <summary>Largest resident memory seen, all processes together.</summary>
    public long MaxMemoryBytes { get; set; }

    public IReadOnlyList<ExtensionSession> Extensions
    {
        get
        {
            lock (_gate)
            {
                return _extensions.ToArray();
            }
        }
    }

    public IEnumerable<ExtensionSession> External => Extensions.Where(extension => !extension.IsInternal);

    public IEnumerable<SandboxProcess> Processes => RuntimeProcess is { } runtime ? ExtensionProcesses.Values.Append(runtime) : ExtensionProcesses.Values;

    public ExtensionSession? Find(Guid id) => Extensions.FirstOrDefault(extension => extension.Id == id);

    public ExtensionSession? FindExternal(string name) => External.FirstOrDefault(extension => extension.Name == name);

    /// <summary>Adds an internal extension; null with AWS's error type if it may not be added.</summary>
    public ExtensionSession? TryAddInternal(string name, out string errorType, out string message)
    {
        lock (_gate)
        {
            (errorType, message) = !RegistrationOpen ? ("Extension.RegistrationClosed", "Extension registration closed already")
                : _extensions.Any(extension => extension.Name == name) ? ("Extension.InvalidExtensionState", "Extension with this name already registered")
                : _extensions.Count >= MaxExtensions ? ("Extension.TooManyExtensions", $"Extension limit ({MaxExtensions}) reached")
                : ("", "");
            if (errorType.Length > 0)
            {
                return null;
            }

            var added = new ExtensionSession(_time, name, isInternal: true);
            _extensions.Add(added);
            return added;
        }
    }

    /// <summary>An error announced through the API or by the kernel: it names the failure that follows when the process ends.</summary>
    public void Announce(string errorType) => Interlocked.CompareExchange(ref _announcedError, errorType, null);

    public void Fail(string errorType, string message)
    {
        if (!ShuttingDown)
        {
            _failed.TrySetResult(new FatalError(_announcedError ?? errorType, message));
        }
    }

    /// <summary>Cuts all waiting calls.</summary>
    public void Close()
    {
        _closed.TrySetResult();
        Runtime.Close();
        foreach (ExtensionSession extension in Extensions)
        {
            extension.Close();
        }
    }
}
