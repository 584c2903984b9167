using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Logs;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Tests.Logs;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Telemetry;

/// <summary>What a line costs from the received body to the encoded one, once the pools are filled.</summary>
[Collection(nameof(Alone))]
public class TelemetryAllocationTests
{
    private const int Lines = 1000;

    /// <summary>One start record, pages and payloads; shared by a thousand lines.</summary>
    private const int MostAllocatedBytes = 3 * Lines;

    [Theory]
    [InlineData("plain", "\"2023-01-07T03:23:47Z\\tr-1\\tINFO\\torder \\u00e9 accepted\\n\"")]
    [InlineData("JSON text", "\"{\\\"level\\\":\\\"INFO\\\",\\\"message\\\":\\\"order accepted\\\"}\"")]
    [InlineData("JSON record with an id", """{"timestamp":"t","level":"INFO","requestId":"r-1","message":{"order":17}}""")]
    [InlineData("as JavaScript prints objects", "\"{ level: 'info', order: 17 }\"")]
    public void A_line_costs_no_object(string row, string recordJson)
    {
        string start = TelemetryPath.Element("platform.start", """{"requestId":"r-1"}""");
        string line = TelemetryPath.Element("function", recordJson);
        byte[] template = Encoding.UTF8.GetBytes($"[{start},{string.Join(',', Enumerable.Repeat(line, Lines))}]");
        byte[] body = new byte[template.Length];
        var buffer = new LogBuffer(new LogSettings(), new SignalCounters()) { Identity = LogEvents.Identity };
        var logs = new LambdaLogs(buffer, new LambdaLogSettings(), Log.Silent);
        var records = new List<TelemetryRecord>();
        var payloads = new List<IntakePayload>();

        long allocated = Timing.LeastAllocated(
            () =>
            {
                template.CopyTo(body, 0);
                records.Clear();
                TelemetryReader.Read(body, body.Length, TelemetryPath.ReceivedNs, records);
                foreach (TelemetryRecord record in records)
                {
                    logs.Accept(record);
                }

                buffer.TakePayloads(payloads);
                payloads.ForEach(static payload => payload.Dispose());
                payloads.Clear();
            },
            enough: MostAllocatedBytes - 1);

        Assert.True(allocated < MostAllocatedBytes, $"{row}: {allocated} B for {Lines} lines");
    }
}
