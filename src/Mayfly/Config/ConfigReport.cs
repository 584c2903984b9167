using System.Buffers;
using System.Text;
using System.Text.Json;
using Mayfly.Diagnostics;

namespace Mayfly.Config;

/// <summary>
/// What <c>mayfly config</c> prints: every setting with its value, and who set it; what was not understood; names that nobody reads. No secret is in it.
/// </summary>
/// <remarks>Variables of platforms (<c>AWS_…</c>, <c>HTTPS_PROXY</c>) are shown where they are set. docs/spec/05-config.md#17-mayfly-config</remarks>
public sealed class ConfigReport
{
    private const string DefaultSource = "default";
    private const int LongestShown = 200;

    private readonly SortedDictionary<string, Row> _rows = new(StringComparer.Ordinal);
    private readonly Settings _settings;
    private readonly string? _file;

    private ConfigReport(EnvReader reader)
    {
        reader.Observer = (keys, value, @default) => Note(keys[0], value, @default);
        _settings = Settings.Read(reader);
        CompatSettings.Read(reader);

        // Read elsewhere: before there are settings, or about one platform.
        Array.ForEach([Keys.Mode, CompatKeys.Platform, CompatKeys.AzureResourceGroup], key => reader.Text(key));
        reader.Observer = null;
        foreach ((string name, string value) in ComputedDefaults())
        {
            if (_rows[name] is { Source: DefaultSource, Value: "" } row)
            {
                _rows[name] = row with { Value = value };
            }
        }

        _file = reader.File?.Path;
    }

    /// <summary>There is nothing that a user should look at.</summary>
    public bool IsClean => _settings.Errors.Count == 0 && _settings.Warnings.Count == 0 && _settings.UnknownNames.Misspelt().Count == 0;

    /// <summary>Reads all settings anew.</summary>
    public static ConfigReport Of(EnvReader reader) => new(reader);

    /// <summary>For people: one line per setting, then what is wrong.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        int nameWidth = _rows.Keys.Max(static name => name.Length);
        int valueWidth = Math.Min(40, _rows.Values.Max(static row => row.Value.Length));
        foreach ((string name, Row row) in _rows)
        {
            text.Append(name.PadRight(nameWidth)).Append("  ").Append(row.Value.PadRight(valueWidth)).Append("  ").Append(row.Source).Append('\n');
        }

        text.Append('\n').Append(_file is null ? "No datadog.yaml was found." : $"File: {_file}").Append('\n');
        Append(text, "Errors", _settings.Errors);
        Append(text, "Warnings", _settings.Warnings);
        Append(text, "Misspelt", _settings.UnknownNames.Misspelt());
        Append(text, "Without effect in this agent", _settings.UnknownNames.WithoutEffect());
        Append(text, "Not read by this agent", Others());
        return text.ToString();
    }

    /// <summary>
    /// For programs: <c>{"version","file","settings":[{"name","value","source"}],"errors":[],"warnings":[],"misspelt":[{"name","nearest"}],
    /// "without_effect":[],"not_read":[]}</c>; <c>source</c> is <c>default</c>, the name of a variable, or <c>datadog.yaml, line N: key</c>.
    /// </summary>
    public string ToJson()
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, PlainJson.Options with { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("version", BuildInfo.Version);
            writer.WriteString("file", _file);
            writer.WriteStartArray("settings");
            foreach ((string name, Row row) in _rows)
            {
                writer.WriteStartObject();
                writer.WriteString("name", name);
                writer.WriteString("value", row.Value);
                writer.WriteString("source", row.Source);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            Write(writer, "errors", _settings.Errors);
            Write(writer, "warnings", _settings.Warnings);
            writer.WriteStartArray("misspelt");
            foreach (UnknownNames.Name one in _settings.UnknownNames.All().Where(static one => one.Nearest is not null))
            {
                writer.WriteStartObject();
                writer.WriteString("name", one.Title);
                writer.WriteString("nearest", one.Nearest);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            Write(writer, "without_effect", _settings.UnknownNames.WithoutEffect());
            Write(writer, "not_read", Others());
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.WrittenSpan) + "\n";
    }

    private static void Append(StringBuilder text, string title, IReadOnlyList<string> lines)
    {
        if (lines.Count > 0)
        {
            text.Append('\n').Append(title).Append(":\n");
            foreach (string line in lines)
            {
                text.Append("  ").Append(Scrubber.Scrub(line)).Append('\n');
            }
        }
    }

    private static void Write(Utf8JsonWriter writer, string name, IReadOnlyList<string> lines)
    {
        writer.WriteStartArray(name);
        foreach (string line in lines)
        {
            writer.WriteStringValue(Scrubber.Scrub(line));
        }

        writer.WriteEndArray();
    }

    /// <summary>Of settings whose reader only knows that nothing is set.</summary>
    private IEnumerable<(string Name, string Value)> ComputedDefaults() =>
    [
        (Keys.BaggageTagKeys, string.Join(',', _settings.Propagation.BaggageTagKeys)),
        (Keys.PropagationStyleExtract, string.Join(',', _settings.Propagation.ExtractStyles).ToLowerInvariant()),
        (Keys.HistogramAggregates, string.Join(',', _settings.CustomMetrics.HistogramAggregates)),
        (Keys.HistogramPercentiles, string.Join(',', _settings.CustomMetrics.HistogramPercentiles.Select(static percent => $"0.{percent:00}"))),
        (Keys.MetricNamespaceExemptions, string.Join(',', _settings.CustomMetrics.NamespaceExemptions)),
        (Keys.DogStatsdPipeSecurity, _settings.DogStatsd.PipeSecurityDescriptor),
        (Keys.SpoolPath, _settings.Spool.Folder),
        (Keys.TelemetryTypes, "platform,extension,function"),
        (Keys.FipsMode, _settings.Secrets.UsesFips ? "true" : "false"),
    ];

    private List<string> Others() => [.. _settings.UnknownNames.All().Where(static one => one.Nearest is null).Select(static one => one.Title)];

    /// <summary>The first reading of a name counts: later ones are about parts of it, or ask whether it is set.</summary>
    private void Note(string name, SettingValue? value, string? @default)
    {
        bool isOurs = name.StartsWith("DD_", StringComparison.Ordinal) || name.StartsWith("MAYFLY_", StringComparison.Ordinal);
        if (isOurs || value is not null)
        {
            _rows.TryAdd(name, new Row(Shown(name, value?.Text ?? @default ?? ""), value?.Title ?? DefaultSource));
        }
    }

    /// <summary>Secrets are known by the name before them, as in a line of the log; then the value is cut to a length that can be read.</summary>
    private static string Shown(string name, string value)
    {
        string line = value.Trim().ReplaceLineEndings(" ");
        string scrubbed = SecretNames.IsSetting(name) ? SecretNames.Mask(line)
            : SecretNames.IsKeysByAddress(name) && line.Length > 0 ? MaskedEndpoints.Of(line)
            : Scrubber.Scrub($"{name}={(SecretNames.IsAddress(name) ? SecretNames.MaskUser(line) : line)}")[(name.Length + 1)..];
        return scrubbed.Length > LongestShown ? scrubbed[..LongestShown] + "…" : scrubbed;
    }

    private readonly record struct Row(string Value, string Source);
}
