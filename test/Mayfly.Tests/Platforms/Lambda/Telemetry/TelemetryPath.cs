using System.Text;
using System.Text.Json;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Logs;
using Mayfly.Patterns;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Tests.Config;
using Mayfly.Tests.Logs;
using Mayfly.Wire;

namespace Mayfly.Tests.Platforms.Lambda.Telemetry;

/// <summary>The way from the body of a telemetry POST to the bodies for the intake.</summary>
internal sealed class TelemetryPath
{
    public const long ReceivedNs = 1_700_000_000_000_000_000;

    private readonly MemoryStream _ownOutput = new();

    public TelemetryPath(bool isManagedInstance = false, bool knowsIdentity = true, LogSettings? settings = null, string? rules = null, LambdaLogSettings? lambda = null)
    {
        IReadOnlyList<LogRule> read = rules is null ? [] : Environments.Read((Keys.LogProcessingRules, rules)).LogRules;
        Buffer = new LogBuffer(settings ?? new LogSettings(), Counters) { Identity = knowsIdentity ? LogEvents.Identity : null };
        var log = new Log(LogLevel.Warn, _ownOutput);
        Buffer.Rules = ProcessingRules.From(read, log);
        lambda ??= new LambdaLogSettings();
        Pattern? firstLine = read.FirstOrDefault(static rule => rule.Kind == LogRuleKind.MultiLine)?.Pattern;
        Logs = new LambdaLogs(Buffer, lambda with { IsManagedInstance = isManagedInstance, FirstLine = firstLine }, log);
    }

    public SignalCounters Counters { get; } = new();

    public LogBuffer Buffer { get; }

    public LambdaLogs Logs { get; }

    /// <summary>What the agent said on its standard output.</summary>
    public string OwnOutput => Encoding.UTF8.GetString(_ownOutput.ToArray());

    /// <summary>Reads a body and gives its records to the logs; the body is gone afterwards, as it is in the agent.</summary>
    public TelemetryReadResult Post(string body) => Post(Encoding.UTF8.GetBytes(body));

    /// <inheritdoc cref="Post(string)"/>
    public TelemetryReadResult Post(ReadOnlySpan<byte> body)
    {
        var records = new List<TelemetryRecord>();
        using PooledBuffer received = PooledBuffer.Rent();
        received.Write(body);
        TelemetryReadResult result = TelemetryReader.Read(received, ReceivedNs, records);
        foreach (TelemetryRecord record in records)
        {
            Logs.Accept(record);
        }

        received.Slice(0, received.Length).Fill((byte)'#');
        return result;
    }

    /// <summary>Posts one record of the given type at the time of the vectors, 1673061827000.</summary>
    public TelemetryReadResult PostOne(string type, string recordJson) => Post($"[{Element(type, recordJson)}]");

    public List<JsonElement> Take() => LogEvents.Take(Buffer);

    public static string Element(string type, string recordJson, string time = "2023-01-07T03:23:47Z") =>
        $$"""{"time":"{{time}}","type":"{{type}}","record":{{recordJson}}}""";

    /// <summary>Records of a body, with their texts copied out of it.</summary>
    public static (List<TelemetryRecord> Records, TelemetryReadResult Result) Read(string body)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        var records = new List<TelemetryRecord>();
        TelemetryReadResult result = TelemetryReader.Read(bytes, bytes.Length, ReceivedNs, records);
        return (records, result);
    }
}
