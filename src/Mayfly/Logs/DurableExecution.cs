using Mayfly.Wire;

namespace Mayfly.Logs;

/// <summary>
/// The execution of a durable function that an invocation is a part of, as further members of its events' <c>lambda</c> object. Encoded once, immutable.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#c8-durable-functions</remarks>
public sealed class DurableExecution
{
    private readonly byte[] _ofLines;
    private readonly byte[] _ofPlatform;
    private readonly byte[] _ofEnd;

    /// <param name="id">UTF-8.</param>
    /// <param name="name">UTF-8.</param>
    /// <param name="isFirstInvocation">Of the execution; null = nobody said.</param>
    /// <param name="status"><c>SUCCEEDED</c> and so on; empty = nobody said.</param>
    public DurableExecution(ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, bool? isFirstInvocation, ReadOnlySpan<byte> status)
    {
        using PooledBuffer fields = PooledBuffer.Rent();
        Write(fields, id, name);
        _ofLines = fields.WrittenSpan.ToArray();
        if (isFirstInvocation is { } isFirst)
        {
            fields.Write(",\"durable_function.first_invocation\":"u8);
            fields.Write(isFirst ? "true"u8 : "false"u8);
        }

        _ofPlatform = fields.WrittenSpan.ToArray();
        if (!status.IsEmpty)
        {
            WriteText(fields, ",\"durable_function.execution_status\":\""u8, status);
        }

        _ofEnd = fields.WrittenSpan.ToArray();
    }

    /// <summary>The members that go with this text, each behind a comma.</summary>
    /// <param name="message">An event's text: those of the platform are told by how they begin.</param>
    /// <param name="isEndedByReport">There is no END line: the report tells the status.</param>
    public ReadOnlySpan<byte> FieldsFor(ReadOnlySpan<byte> message, bool isEndedByReport)
    {
        bool isEnd = message.StartsWith("END RequestId:"u8);
        bool isReport = message.StartsWith("REPORT RequestId:"u8);
        return isEnd || (isReport && isEndedByReport) ? _ofEnd
            : isReport || message.StartsWith("START RequestId:"u8) ? _ofPlatform
            : _ofLines;
    }

    /// <summary>Appends the members that <c>…/durable-execution/{name}/{id}</c> stands for; nothing when it is no such ARN.</summary>
    internal static void WriteOfArn(PooledBuffer buffer, ReadOnlySpan<byte> arn)
    {
        ReadOnlySpan<byte> separator = "/durable-execution/"u8;
        int at = arn.IndexOf(separator);
        ReadOnlySpan<byte> rest = at < 0 ? default : arn[(at + separator.Length)..];
        int slash = rest.IndexOf((byte)'/');
        if (slash > 0 && slash < rest.Length - 1)
        {
            Write(buffer, rest[(slash + 1)..], rest[..slash]);
        }
    }

    private static void Write(PooledBuffer buffer, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        WriteText(buffer, ",\"durable_function.execution_id\":\""u8, id);
        WriteText(buffer, ",\"durable_function.execution_name\":\""u8, name);
    }

    private static void WriteText(PooledBuffer buffer, ReadOnlySpan<byte> before, ReadOnlySpan<byte> text)
    {
        buffer.Write(before);
        JsonEscape.Write(buffer, text);
        buffer.WriteByte((byte)'"');
    }
}
