namespace Mayfly.Diagnostics;

/// <summary>
/// How loud the agent is. A level's meaning is its consequence: <see cref="Error"/> = data lost or a feature off, <see cref="Warn"/> = something to fix.
/// </summary>
public enum LogLevel
{
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Off,
}
