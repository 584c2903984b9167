using System.Text;
using Mayfly.Wire;

namespace Mayfly.Logs;

/// <summary>Who the log events are from: the parts of an event that are the same in all of them, encoded once.</summary>
/// <remarks>docs/spec/04-metrics-logs.md#c4-log-event-json-lambda. Immutable.</remarks>
public sealed class LogIdentity
{
    /// <param name="functionArn">The unqualified function ARN; lower-cased here.</param>
    /// <param name="service">The service, or the function name where none is set; lower-cased here.</param>
    /// <param name="tags"><c>k:v,k:v</c>, sorted; may be empty.</param>
    public LogIdentity(string functionArn, string service, string tags)
    {
        FunctionArn = functionArn.ToLowerInvariant();
        Service = service.ToLowerInvariant();
        Tags = tags;
        AfterMessage = Join("\",\"lambda\":{\"arn\":\"", FunctionArn, "\",\"request_id\":");
        AfterStatus = Join("\"},\"hostname\":\"", FunctionArn, "\",\"service\":\"", Service, "\",\"ddtags\":\"", Tags);
    }

    public string FunctionArn { get; }

    public string Service { get; }

    public string Tags { get; }

    /// <summary>From the end of the message text to the request id.</summary>
    internal byte[] AfterMessage { get; }

    /// <summary>From the end of the status text to the end of the identity's tags.</summary>
    internal byte[] AfterStatus { get; }

    /// <summary>Joins JSON (even places) and texts that have to be escaped (odd places).</summary>
    private static byte[] Join(params ReadOnlySpan<string> parts)
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        for (int i = 0; i < parts.Length; i++)
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(parts[i]);
            if (i % 2 == 0)
            {
                buffer.Write(utf8);
            }
            else
            {
                JsonEscape.Write(buffer, utf8);
            }
        }

        return buffer.WrittenSpan.ToArray();
    }
}
