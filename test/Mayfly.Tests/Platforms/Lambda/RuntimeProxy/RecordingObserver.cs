using System.Collections.Concurrent;
using Mayfly.Platforms.Lambda.RuntimeProxy;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>A message as it was shown, kept.</summary>
internal sealed record Shown(
    string Kind,
    string RequestId,
    IReadOnlyList<KeyValuePair<string, string>> Headers,
    byte[] Body,
    CopyStatus Status,
    IReadOnlyList<KeyValuePair<string, string>> Trailers)
{
    public string Text => System.Text.Encoding.UTF8.GetString(Body);

    public override string ToString() => $"{Kind} {RequestId} {Text}";
}

/// <summary>Keeps what it is shown.</summary>
internal sealed class RecordingObserver : IRuntimeProxyObserver
{
    private readonly ConcurrentQueue<Shown> _messages = new();

    public IReadOnlyList<Shown> Messages => [.. _messages];

    /// <summary>Called with each message, before it is kept.</summary>
    public Action<string>? OnMessage { get; set; }

    public void NextAnswered(in RuntimeMessage answer) => Keep("next", answer);

    public void ResponsePosted(in RuntimeMessage response) => Keep("response", response);

    public void ErrorPosted(in RuntimeMessage error) => Keep("error", error);

    private void Keep(string kind, in RuntimeMessage message)
    {
        OnMessage?.Invoke(kind);
        byte[] body = message.Body.ToArray();
        _messages.Enqueue(new Shown(kind, message.RequestId, message.Headers.ToTexts(), body, message.BodyStatus, message.Trailers.ToTexts()));
    }
}
