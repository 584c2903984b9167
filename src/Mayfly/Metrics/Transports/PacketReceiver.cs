namespace Mayfly.Metrics.Transports;

/// <summary>
/// What every packet goes through, however it came: a copy to the forwarding address, the line end that is asked for, the aggregator. Thread-safe.
/// </summary>
/// <param name="metrics">Where the lines go.</param>
/// <param name="needsLineEnd">A last line without its line end is left out and counted.</param>
/// <param name="forward">Gets a copy; null: nobody does.</param>
internal sealed class PacketReceiver(MetricAggregator metrics, bool needsLineEnd, PacketForward? forward)
{
    /// <summary>Unix seconds, for <see cref="Accept"/>.</summary>
    public long Now() => metrics.Now();

    /// <param name="packet">Lines, the last one with or without its end.</param>
    /// <param name="isTruncated">The packet was longer: its last line is cut off somewhere.</param>
    /// <param name="now">When it came, Unix seconds.</param>
    public void Accept(ReadOnlySpan<byte> packet, bool isTruncated, long now)
    {
        forward?.Send(packet);
        if (!isTruncated && !needsLineEnd)
        {
            metrics.AcceptPacket(packet, now);
            return;
        }

        // Of a packet that was cut right behind a line the next line is the one that is missing.
        int end = packet.LastIndexOf((byte)'\n') + 1;
        if (isTruncated || end < packet.Length)
        {
            metrics.RefuseUnended(packet[end..], isTruncated);
        }

        metrics.AcceptPacket(packet[..end], now);
    }

    /// <summary>A line, or a frame, that was longer than the buffer or did not come to its end: it is lost as a whole.</summary>
    public void RefuseCut(ReadOnlySpan<byte> start) => metrics.RefuseUnended(start, isTruncated: true);
}
