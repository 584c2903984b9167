using System.Text.Json;
using Mayfly.Wire;

namespace Mayfly.Diagnostics;

/// <summary>
/// <c>GET /debug/mayfly</c>: the counters of every signal, as JSON (accepted = delivered + buffered + stored + the sum of dropped), and what is held besides.
/// </summary>
public static class DebugPage
{
    private static readonly Omission[] Omissions = Enum.GetValues<Omission>();

    /// <summary>In the order in which they are shown.</summary>
    internal static readonly Signal[] Signals = [Signal.Traces, Signal.Metrics, Signal.Logs, Signal.Stats, Signal.Proxied];

    /// <summary>All, each at the place of its number.</summary>
    internal static readonly DropReason[] Reasons = Enum.GetValues<DropReason>();

    /// <param name="counters">What went through so far.</param>
    /// <param name="invocations">Number of invocations that something is known of and still expected; null = the platform has none.</param>
    public static byte[] Write(Counters counters, int? invocations = null)
    {
        using PooledBuffer buffer = PooledBuffer.Rent(1024);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("version", BuildInfo.Version);
            foreach (Signal signal in Signals)
            {
                json.WriteStartObject(NameOf(signal));
                Write(json, counters[signal]);
                json.WriteEndObject();
            }

            WriteOmitted(json, counters);
            WriteMemory(json);
            if (invocations is { } count)
            {
                json.WriteNumber("invocations", count);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, SignalCounters counters)
    {
        // What has left is read before what came, so that the sum holds while units come and go.
        long delivered = counters.Delivered;
        long stored = counters.Stored;
        long[] dropped = [.. Reasons.Select(counters.DroppedFor)];
        long accepted = counters.Accepted;
        json.WriteNumber("accepted", accepted);
        json.WriteNumber("delivered", delivered);
        json.WriteNumber("retried", counters.Retried);
        json.WriteNumber("buffered", accepted - delivered - stored - dropped.Sum() + dropped[(int)DropReason.Malformed]);
        json.WriteNumber("stored", stored);
        json.WriteNumber("recovered", counters.Recovered);
        json.WriteStartObject("dropped");
        foreach (DropReason reason in Reasons)
        {
            if (dropped[(int)reason] > 0)
            {
                json.WriteNumber(NameOf(reason), dropped[(int)reason]);
            }
        }

        json.WriteEndObject();
    }

    private static void WriteOmitted(Utf8JsonWriter json, Counters counters)
    {
        json.WriteStartObject("omitted");
        foreach (Omission kind in Omissions)
        {
            if (counters.Omitted(kind) is > 0 and var units)
            {
                json.WriteNumber(NameOf(kind), units);
            }
        }

        json.WriteEndObject();
    }

    /// <summary>Bytes: the process in RAM, the managed heap with what is garbage in it, what the collector holds, and all that was ever allocated.</summary>
    private static void WriteMemory(Utf8JsonWriter json)
    {
        json.WriteStartObject("memory");
        json.WriteNumber("resident_bytes", Environment.WorkingSet);
        json.WriteNumber("heap_bytes", GC.GetTotalMemory(forceFullCollection: false));
        json.WriteNumber("committed_bytes", GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes);
        json.WriteNumber("allocated_bytes", GC.GetTotalAllocatedBytes());
        json.WriteNumber("collections", GC.CollectionCount(0));
        json.WriteNumber("full_collections", GC.CollectionCount(GC.MaxGeneration));
        json.WriteEndObject();
    }

    private static string NameOf(Omission kind) => kind switch
    {
        Omission.BatchRecord => "batch_records",
        Omission.PayloadValue => "payload_values",
        Omission.BaggageItem => "baggage_items",
        Omission.Datagram => "datagrams",
        Omission.SpooledFile => "spooled_files",
        _ => "reparented_invocations",
    };

    internal static string NameOf(Signal signal) => signal switch
    {
        Signal.Traces => "traces",
        Signal.Metrics => "metrics",
        Signal.Logs => "logs",
        Signal.Stats => "stats",
        _ => "proxied",
    };

    internal static string NameOf(DropReason reason) => reason switch
    {
        DropReason.BufferFull => "buffer_full",
        DropReason.NoApiKey => "no_api_key",
        DropReason.Rejected => "rejected",
        DropReason.Unreachable => "unreachable",
        DropReason.Shutdown => "shutdown",
        DropReason.SpoolFull => "spool_full",
        DropReason.Damaged => "damaged",
        DropReason.Malformed => "malformed",
        DropReason.Filtered => "filtered",
        DropReason.Sampled => "sampled",
        _ => "context_limit",
    };
}
