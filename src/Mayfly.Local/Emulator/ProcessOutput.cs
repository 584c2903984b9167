namespace Mayfly.Local.Emulator;

/// <summary>One line that a process of the sandbox wrote, without its line end.</summary>
/// <param name="Process"><see cref="EmulatorOptions.RuntimeName"/> or the extension's name.</param>
/// <param name="IsError">Standard error instead of standard output.</param>
/// <param name="Line">The text; bytes that are not UTF-8 are replaced.</param>
public readonly record struct ProcessOutput(string Process, bool IsError, string Line);
