using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Reads what an invocation's event says: who called, and which trace it continues (docs/spec/02-triggers.md#1-pipeline-and-order-of-operations).
/// </summary>
public sealed class InvocationEvents
{
    private readonly Counters _counters;
    private readonly UpstreamFinder _upstream;
    private readonly PayloadCaptureSettings _capture;
    private volatile TriggerSettings _settings;

    /// <param name="settings">Naming, propagation, what to capture.</param>
    /// <param name="counters">Told what limits leave out; null where nobody asks.</param>
    public InvocationEvents(Settings settings, Counters? counters = null)
    {
        _counters = counters ?? new Counters();
        _upstream = new UpstreamFinder(new Propagator(settings.Propagation, _counters));
        _capture = settings.PayloadCapture;
        _settings = new TriggerSettings
        {
            Region = settings.Lambda.Region,
            FunctionName = settings.Lambda.FunctionName,
            Service = settings.Service,
            ServiceMapping = settings.Triggers.ServiceMapping,
            RepresentsServices = settings.Triggers.RepresentsServices,
            RemovesIntegrationNames = settings.Triggers.RemovesIntegrationNames,
            InfersSpans = settings.Triggers.InfersSpans,
            AddsSpanPointers = settings.Triggers.AddsSpanPointers,
            DecodesAuthorizerContext = settings.Triggers.DecodesAuthorizerContext,
            AddsSecurityTags = settings.Triggers.AddsSecurityTags,
        };
    }

    public TriggerSettings Settings => _settings;

    /// <summary>The registration tells the account.</summary>
    public void Identify(string? accountId) => _settings = _settings with { AccountId = accountId };

    /// <summary>Of an event and of the headers it came with. An event that nobody knows, or that is no JSON, has no trigger; headers count all the
    /// same.</summary>
    public StartCall Read(ReadOnlySpan<byte> eventJson, Carrier startHeaders, long atNs)
    {
        Trigger? trigger = TriggerReader.Read(eventJson, _settings);
        _counters.Omit(Omission.BatchRecord, trigger?.SkippedRecords ?? 0);
        Upstream upstream = _upstream.Find(trigger, startHeaders);

        // The carriers have done their part, and an invocation can take long.
        Trigger? kept = trigger is null ? null : trigger with { Contexts = [], Fallbacks = [] };
        return new StartCall(atNs, upstream.Parent, kept) { Links = upstream.Links, Captured = Capture(eventJson, PayloadCapture.RequestKey) };
    }

    /// <summary>An event or a response as tags; none when the user did not ask for it (<c>DD_CAPTURE_LAMBDA_PAYLOAD</c>).</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Capture(ReadOnlySpan<byte> payload, string key)
    {
        if (!_capture.IsEnabled)
        {
            return [];
        }

        CapturedPayload captured = PayloadCapture.Read(payload, key, _capture.MaxDepth);
        _counters.Omit(Omission.PayloadValue, captured.Omitted);
        return captured.Tags;
    }
}
