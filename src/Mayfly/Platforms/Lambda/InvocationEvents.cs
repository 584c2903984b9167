using Mayfly.Config;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Reads what an invocation's event says: who called, and which trace it continues (docs/spec/02-triggers.md#1-pipeline-and-order-of-operations).
/// </summary>
public sealed class InvocationEvents
{
    private readonly Propagator _propagator;
    private readonly PayloadCaptureSettings _capture;
    private volatile TriggerSettings _settings;

    public InvocationEvents(Settings settings)
    {
        _propagator = new Propagator(settings.Propagation);
        _capture = settings.PayloadCapture;
        _settings = new TriggerSettings
        {
            Region = settings.Lambda.Region,
            FunctionName = settings.Lambda.FunctionName,
            Service = settings.Service,
            ServiceMapping = ServiceMapping.Parse(settings.Triggers.ServiceMapping),
            RepresentsServices = settings.Triggers.RepresentsServices,
            InfersSpans = settings.Triggers.InfersSpans,
            AddsSpanPointers = settings.Triggers.AddsSpanPointers,
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
        return new StartCall(atNs, UpstreamOf(trigger, eventJson, startHeaders), trigger) { Captured = Capture(eventJson, PayloadCapture.RequestKey) };
    }

    /// <summary>An event or a response as tags; none when the user did not ask for it (<c>DD_CAPTURE_LAMBDA_PAYLOAD</c>).</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Capture(ReadOnlySpan<byte> payload, string key) =>
        _capture.IsEnabled ? PayloadCapture.Read(payload, key, _capture.MaxDepth).Tags : [];

    private SpanContext? UpstreamOf(Trigger? trigger, ReadOnlySpan<byte> eventJson, Carrier startHeaders)
    {
        if (trigger is null || !_propagator.IsEnabled)
        {
            return _propagator.Find(new UpstreamSources { StartCall = startHeaders }, eventJson);
        }

        foreach (TriggerContext candidate in trigger.Contexts)
        {
            if (candidate.Generated is { } generated)
            {
                return generated;
            }

            if (candidate.Carrier is { } carrier && _propagator.Extract(carrier) is { } found)
            {
                return found;
            }
        }

        return _propagator.Extract(startHeaders);
    }
}
