using System.Globalization;

namespace Mayfly.Footprint;

/// <summary>
/// How much slower this machine is, now, than the one where the budgets were set: what the mini agent, the same file in both places, takes here in the same run,
/// over what it took there. Without the mini agent nothing is converted.
/// </summary>
/// <param name="Slower">The smaller of both ratios; null = not known.</param>
internal sealed record Machine(double? Slower)
{
    /// <summary>µs of CPU of the mini agent 0.22.3 where the budgets were set, per message of packed datagrams.</summary>
    private const double PackedMessage = 1.2;

    /// <summary>The same per span with 200 spans per payload.</summary>
    private const double Span = 22;

    private const int SpansPerPayload = 200;

    /// <summary>Nothing of a faster machine is taken away, and nothing is given to a faster one.</summary>
    public static Machine Of(DatagramBench.Result? datagrams, TraceBench.Result? traces)
    {
        double?[] ratios =
        [
            datagrams?.Packed.CpuUsPerMessage / PackedMessage,
            traces?.Loads.FirstOrDefault(static one => one.SpansPerPayload == SpansPerPayload)?.CpuUsPerSpan / Span,
        ];
        return new Machine(ratios.Any(static one => one is null) ? null : Math.Max(1, ratios.Min()!.Value));
    }

    /// <summary>A budget in time, which is met when it is met on the machine where it was set.</summary>
    public Budget Time(string what, double? measured, double limit, string unit)
    {
        var scaled = measured / Slower;
        return new Budget(what, Text(measured, unit), (scaled ?? measured) <= limit) { Scaled = Text(scaled, unit) };
    }

    public override string ToString() => Slower is null
        ? "Times are as measured: the mini agent did not run, by which this machine would be compared with that of the budgets."
        : $"This machine, now, is {Slower.Value.ToString("0.00", CultureInfo.InvariantCulture)} times as slow as the one where the budgets were set, by the mini agent's packed "
            + "datagrams and spans.";

    private static string? Text(double? value, string unit) => value is null ? null : $"{value.Value.ToString("0.00", CultureInfo.InvariantCulture)} {unit}";
}
