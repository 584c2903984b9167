namespace Mayfly.Local.Emulator;

/// <summary>A program to start: its file (a path, or a name found on PATH), its arguments and variables that only this process gets.</summary>
public sealed record ProcessCommand(string FileName, params IReadOnlyList<string> Arguments)
{
    private static readonly Dictionary<string, string> NoVariables = [];

    /// <summary>Variables on top of what Lambda gives this kind of process; they win over the function's own.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = NoVariables;
}

/// <summary>
/// An external extension. The name is the file name under <c>/opt/extensions</c> and therefore the name it has to register with.
/// </summary>
/// <param name="Name">Base name of the file, such as <c>datadog-agent</c>.</param>
/// <param name="Command">What to run; null = nobody is started, a client of the emulator's API plays the extension (tests, a debugger).</param>
public sealed record ExtensionCommand(string Name, ProcessCommand? Command);
