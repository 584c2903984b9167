using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>
/// The trace context of a Step Functions state. Nobody sends it: the state machine's spans are made elsewhere, with ids that follow from the execution's names
/// (docs/spec/02-triggers.md#65-step-functions-deterministic-ids).
/// </summary>
public static class StepFunctionsIds
{
    /// <summary>The ids are digests of UTF-8 texts; the tags of a Lambda root are taken as they are.</summary>
    public static SpanContext Of(StepFunctionsState state)
    {
        ulong spanId = SpanIdOf(state);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        if (state is { LambdaTraceId: { } lambdaTraceId, LambdaTags: { } lambdaTags })
        {
            var tags = new ContextTags();
            DatadogTags.Read(lambdaTags, tags);
            ulong traceId = IdText.ParseDecimal(lambdaTraceId);
            if (traceId == 0)
            {
                Hash(state.ExecutionId, digest);
                traceId = Positive63(digest[8..]);
            }

            ulong high = 0;
            if (tags.Find(SpanContext.HighBitsTag) is { Length: 16 } text)
            {
                IdText.TryParseHex(text, out high);
            }

            return Context(traceId, high, spanId, tags);
        }

        Hash(state.RootExecutionId ?? state.ExecutionId, digest);
        ulong rootHigh = Positive63(digest);
        var rootTags = new ContextTags();
        rootTags.Set(SpanContext.HighBitsTag, IdText.ToHex(rootHigh));
        return Context(Positive63(digest[8..]), rootHigh, spanId, rootTags);
    }

    private static SpanContext Context(ulong traceId, ulong high, ulong spanId, ContextTags tags) =>
        new() { TraceId = traceId, TraceIdHigh = high, SpanId = spanId, Priority = 1, Origin = "states", Tags = tags.ToList() };

    private static ulong SpanIdOf(StepFunctionsState state)
    {
        string text = $"{state.ExecutionId}#{state.StateName}#{state.EnteredTime}";
        if (state.RetryCount != 0 || state.RedriveCount != 0)
        {
            text += string.Create(CultureInfo.InvariantCulture, $"#{state.RetryCount}#{state.RedriveCount}");
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        Hash(text, digest);
        return Positive63(digest);
    }

    private static void Hash(string text, Span<byte> digest) => SHA256.HashData(Encoding.UTF8.GetBytes(text), digest);

    /// <summary>The first 8 bytes, big-endian, top bit cleared; never 0.</summary>
    private static ulong Positive63(ReadOnlySpan<byte> bytes)
    {
        ulong id = BinaryPrimitives.ReadUInt64BigEndian(bytes) & long.MaxValue;
        return id == 0 ? 1 : id;
    }
}

/// <summary>The names of a Step Functions context object that its ids follow from.</summary>
/// <param name="ExecutionId"><c>Execution.Id</c>, an ARN.</param>
/// <param name="StateName"><c>State.Name</c></param>
/// <param name="EnteredTime"><c>State.EnteredTime</c>, as sent.</param>
/// <param name="RetryCount"><c>State.RetryCount</c>; 0 when missing.</param>
/// <param name="RedriveCount"><c>Execution.RedriveCount</c>; 0 when missing.</param>
/// <param name="RootExecutionId">Of a nested execution; else null.</param>
/// <param name="LambdaTraceId"><c>x-datadog-trace-id</c>, where a function started the execution; else null.</param>
/// <param name="LambdaTags"><c>x-datadog-tags</c>; a function's trace goes on only if both are there.</param>
public sealed record StepFunctionsState(
    string ExecutionId,
    string StateName,
    string EnteredTime,
    long RetryCount = 0,
    long RedriveCount = 0,
    string? RootExecutionId = null,
    string? LambdaTraceId = null,
    string? LambdaTags = null);
