using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// The trace context of a Step Functions state. Nobody propagates it: the state machine's spans are made elsewhere, with ids that follow from the execution's
/// names
/// (docs/spec/02-triggers.md#65-step-functions-deterministic-ids).
/// </summary>
internal static class StepFunctionsContext
{
    private const string Origin = "states";
    private const int Priority = 1;

    private static readonly JsonNames Names = new("Execution", "State", "StateMachine", "RootExecutionId", "x-datadog-trace-id", "x-datadog-tags");
    private static readonly JsonNames ExecutionNames = new("Id", "RedriveCount", "Input");
    private static readonly JsonNames StateNames = new("Name", "EnteredTime", "RetryCount");

    /// <summary>Members of a context object, to be read with the other methods.</summary>
    public static JsonFields FieldsOf(JsonView member) => member.Fields(Names);

    /// <summary>True for a context object: an execution with an id in a state with a name and a time.</summary>
    public static bool IsContext(in JsonFields context)
    {
        if (!context["Execution"u8].IsObject || !context["State"u8].IsObject || !context["Execution"u8].Get("Id"u8).IsPresent)
        {
            return false;
        }

        JsonFields state = context["State"u8].Fields(StateNames);
        return state["Name"u8].IsPresent && state["EnteredTime"u8].IsPresent;
    }

    /// <summary>Null if <paramref name="member"/> is no context object.</summary>
    public static SpanContext? Read(JsonView member)
    {
        JsonFields context = FieldsOf(member);
        return IsContext(context) ? Read(context) : null;
    }

    /// <summary>Null if one of the names that the ids follow from is no text.</summary>
    public static SpanContext? Read(in JsonFields context)
    {
        JsonFields execution = context["Execution"u8].Fields(ExecutionNames);
        JsonFields state = context["State"u8].Fields(StateNames);
        if (execution["Id"u8].Text is not { } executionId || state["Name"u8].Text is not { } stateName || state["EnteredTime"u8].Text is not { } enteredTime)
        {
            return null;
        }

        ulong spanId = SpanIdOf(executionId, stateName, enteredTime, CountOf(state["RetryCount"u8]), CountOf(execution["RedriveCount"u8]));
        JsonFields legacyRoot = execution["Input"u8].Get("_datadog"u8).Fields(Names);
        return LambdaRoot(context, executionId, spanId)
            ?? LambdaRoot(legacyRoot, executionId, spanId)
            ?? ExecutionRoot(context["RootExecutionId"u8].Text ?? executionId, spanId);
    }

    /// <summary>A function started the execution: its trace goes on.</summary>
    private static SpanContext? LambdaRoot(in JsonFields context, string executionId, ulong spanId)
    {
        if (context["x-datadog-trace-id"u8].ScalarText is not { } traceIdText || context["x-datadog-tags"u8].Text is not { } tags)
        {
            return null;
        }

        bool isId = ulong.TryParse(traceIdText, NumberStyles.None, CultureInfo.InvariantCulture, out ulong traceId) && traceId != 0;
        var root = new SpanContext(isId ? traceId : TraceIdOf(executionId), spanId, Priority, DatadogTags.Read(tags)) { Origin = Origin };
        return IdText.TryParseHex(root.HighBits, out ulong high) ? root with { TraceIdHigh = high } : root;
    }

    private static SpanContext ExecutionRoot(string rootExecutionId, ulong spanId)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(rootExecutionId), digest);
        ulong high = Positive63(digest);
        return new SpanContext(Positive63(digest[8..]), spanId, Priority, [new(SpanContext.HighBitsTag, IdText.ToHex(high))])
        {
            TraceIdHigh = high,
            Origin = Origin,
        };
    }

    private static ulong TraceIdOf(string executionId)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(executionId), digest);
        return Positive63(digest[8..]);
    }

    private static ulong SpanIdOf(string executionId, string stateName, string enteredTime, long retries, long redrives)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{executionId}#{stateName}#{enteredTime}");
        if (retries != 0 || redrives != 0)
        {
            text += string.Create(CultureInfo.InvariantCulture, $"#{retries}#{redrives}");
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), digest);
        return Positive63(digest);
    }

    /// <summary>Big-endian, the top bit cleared; never 0.</summary>
    private static ulong Positive63(ReadOnlySpan<byte> bytes)
    {
        ulong id = BinaryPrimitives.ReadUInt64BigEndian(bytes) & long.MaxValue;
        return id == 0 ? 1 : id;
    }

    /// <summary>Missing or no count: 0.</summary>
    private static long CountOf(JsonView value) => value.TryGetInt64(out long count) && count > 0 ? count : 0;
}
