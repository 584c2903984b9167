using Mayfly.Config;
using Mayfly.Platforms.Lambda.Propagation;

namespace Mayfly.Tests.Platforms.Lambda.Propagation;

/// <summary>Carriers, propagators and contexts as short texts, so that a table row shows all of a case.</summary>
internal static class Contexts
{
    public const string None = "none";

    /// <summary>As many environment variables as a row needs: <c>NAME=value</c>, separated by blanks. A word without <c>=</c> is a list of styles.</summary>
    public static Propagator Propagator(string environment = "")
    {
        var variables = new Dictionary<string, string>();
        foreach (string item in environment.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = item.Split('=', 2);
            variables[pair.Length == 2 ? pair[0] : "DD_TRACE_PROPAGATION_STYLE"] = pair[^1];
        }

        return new Propagator(Settings.Read(new EnvReader(variables.GetValueOrDefault)).Propagation);
    }

    /// <summary>One <c>name: value</c> per line.</summary>
    public static Carrier Carrier(string lines)
    {
        var carrier = new Carrier();
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = line.IndexOf(": ", StringComparison.Ordinal);
            carrier.Add(line[..colon], line[(colon + 2)..]);
        }

        return carrier;
    }

    /// <summary><c>high:low/span</c>, then what else there is: priority, origin, tags by name, links.</summary>
    public static string Describe(SpanContext? context)
    {
        if (context is null)
        {
            return None;
        }

        string text = $"{(context.TraceIdHigh == 0 ? "" : $"{context.TraceIdHigh:x16}:")}{context.TraceId}/{context.SpanId}";
        text += context.Priority is { } priority ? $" p={priority}" : "";
        text += context.Origin is { } origin ? $" o={origin}" : "";
        text += string.Concat(context.Tags.OrderBy(static tag => tag.Key, StringComparer.Ordinal).Select(static tag => $" {tag.Key}={tag.Value}"));
        foreach (ContextLink link in context.Links)
        {
            text += $" -> {link.TraceIdHigh}:{link.TraceId}/{link.SpanId} {link.TerminatedStyle ?? "-"} flags={FlagsOf(link)} state={link.TraceState ?? "?"}";
        }

        return text;
    }

    /// <summary>1, 0, or ? when they are not known.</summary>
    private static string FlagsOf(ContextLink link) => link.Flags switch
    {
        0 => "?",
        0x8000_0000 => "0",
        0x8000_0001 => "1",
        _ => $"{link.Flags:x}",
    };
}
