namespace Mayfly.Secrets;

/// <summary>A secret could not be had; the message says what AWS, or the network, answered.</summary>
internal sealed class SecretFailure : Exception
{
    public SecretFailure(string message)
        : base(message)
    {
    }

    public SecretFailure(string message, Exception inner)
        : base(message, inner)
    {
    }
}
