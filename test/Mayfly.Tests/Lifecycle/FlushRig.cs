using System.Text;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Local.Intake;
using Mayfly.Secrets;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Wire;

namespace Mayfly.Tests.Lifecycle;

/// <summary>A coordinator in front of a real intake on loopback, with payloads that a test puts on board.</summary>
internal sealed class FlushRig : IAsyncDisposable
{
    public const string Key = "0123456789abcdef0123456789abcdef";

    private readonly MemoryStream _output = new();
    private readonly IntakeClient _client;
    private readonly ApiKeyProvider _apiKey;

    private FlushRig(LocalIntake intake, string? apiKey, Spool? spool, JumpingClock time, TimeSpan? probeWait, (string, string)[] more)
    {
        Intake = intake;
        Time = time;
        var all = new List<(string, string)>
        {
            (Keys.TracesUrl, intake.Url), (Keys.MetricsUrl, intake.Url), (Keys.LogsUrl, intake.Url), (Keys.ApiKey, apiKey ?? ""),
        };
        all.AddRange(more);
        Settings = Environments.Read([.. all]);
        var log = new Log(LogLevel.Debug, _output);
        _client = new IntakeClient(Settings, log, time);
        _apiKey = new ApiKeyProvider(Settings.Secrets, intake.Url, time, log);
        Flushes = new FlushCoordinator([Source], _client, _apiKey, Counters, log, time, spool) { ProbeWait = probeWait };
    }

    public LocalIntake Intake { get; }

    public Settings Settings { get; }

    public JumpingClock Time { get; }

    public Counters Counters { get; } = new();

    public TestSource Source { get; } = new();

    public FlushCoordinator Flushes { get; }

    /// <summary>Lines that the agent wrote.</summary>
    public string[] Lines => Encoding.UTF8.GetString(_output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static async Task<FlushRig> StartAsync(string? apiKey = Key, params (string, string)[] more) =>
        new(await FreePorts.IntakeAsync(), apiKey, spool: null, new JumpingClock(), TimeSpan.FromSeconds(20), more);

    /// <summary>With the short waits of a real flush.</summary>
    public static async Task<FlushRig> StartHurriedAsync() => new(await FreePorts.IntakeAsync(), Key, spool: null, new JumpingClock(), probeWait: null, []);

    /// <summary>With a spool, a clock, or an intake that another rig has already.</summary>
    public static async Task<FlushRig> StartAsync(Spool? spool, JumpingClock time, LocalIntake? intake = null, params (string, string)[] more) =>
        new(intake ?? await FreePorts.IntakeAsync(), Key, spool, time, TimeSpan.FromSeconds(20), more);

    /// <summary>Puts one payload on board. Logs: one; events: none; service checks: one; stats: a map of one unknown key; the others: as many unknown bytes.</summary>
    public void Put(IntakeKind kind, long units = 1, int sizeBytes = 0)
    {
        Signal signal = kind switch { IntakeKind.Traces => Signal.Traces, IntakeKind.Logs => Signal.Logs, IntakeKind.Stats => Signal.Stats, _ => Signal.Metrics };
        PooledBuffer body = PooledBuffer.Rent();
        if (kind == IntakeKind.Logs)
        {
            body.Write(Encoding.UTF8.GetBytes($"[{{\"message\":\"{new string('x', sizeBytes)}\"}}]"));
        }
        else if (kind == IntakeKind.Events)
        {
            body.Write(Encoding.UTF8.GetBytes($"{{\"events\":{{\"{new string('x', sizeBytes)}\":[]}}}}"));
        }
        else if (kind == IntakeKind.ServiceChecks)
        {
            body.Write(Encoding.UTF8.GetBytes($"[{{\"check\":\"{new string('x', sizeBytes)}\",\"status\":0,\"timestamp\":1}}]"));
        }
        else if (kind == IntakeKind.Stats)
        {
            body.Write(new MsgPackWriter().Map(1).Str("x").Bin(new byte[sizeBytes]).ToArray());
        }
        else
        {
            WriteUnknownField(body, Math.Max(1, sizeBytes));
        }

        Counters[signal].Accept(units);
        Source.Add(new IntakePayload(signal, kind, body, units));
    }

    public Task<FlushReport> FlushAsync(double seconds = 20) => Flushes.FlushAsync(Deadline.In(Time, TimeSpan.FromSeconds(seconds)));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _apiKey.Dispose();
        Flushes.Dispose();
        await Intake.DisposeAsync();
    }

    /// <summary>Field 1000, length-delimited: incompressible, and skipped by every decoder.</summary>
    private static void WriteUnknownField(PooledBuffer body, int sizeBytes)
    {
        byte[] bytes = new byte[sizeBytes];
        new Random(sizeBytes).NextBytes(bytes);
        using var stream = new MemoryStream();
        using (var output = new Google.Protobuf.CodedOutputStream(stream, leaveOpen: true))
        {
            output.WriteTag(1000, Google.Protobuf.WireFormat.WireType.LengthDelimited);
            output.WriteBytes(Google.Protobuf.ByteString.CopyFrom(bytes));
        }

        body.Write(stream.ToArray());
    }

    /// <summary>A signal whose content is what was added.</summary>
    internal sealed class TestSource : IPayloadSource
    {
        private readonly Lock _gate = new();
        private readonly List<IntakePayload> _payloads = [];

        public void Add(IntakePayload payload)
        {
            lock (_gate)
            {
                _payloads.Add(payload);
            }
        }

        public void TakePayloads(List<IntakePayload> payloads)
        {
            lock (_gate)
            {
                payloads.AddRange(_payloads);
                _payloads.Clear();
            }
        }
    }
}
