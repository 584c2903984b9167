namespace Mayfly.Local.Cli;

/// <summary>Something on this machine keeps a command from running; the message says what and what to do about it. Exit code 2.</summary>
public sealed class LocalFailure : Exception
{
    public LocalFailure(string message)
        : base(message)
    {
    }

    public LocalFailure(string message, Exception inner)
        : base(message, inner)
    {
    }
}
