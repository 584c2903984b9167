using System.Globalization;

namespace Mayfly.Config;

/// <summary>Where log events go and in which form (docs/spec/04-metrics-logs.md#c11-shipping).</summary>
public sealed record LogShippingSettings
{
    private const int HttpsPort = 443;
    private const string AdditionalForm =
        """a JSON list such as [{"api_key":"key","Host":"http-intake.logs.datadoghq.eu","Port":443}]""";

    /// <summary>The main address, path included.</summary>
    public required Uri Url { get; init; }

    /// <summary>It is an Observability Pipelines Worker: it gets plain JSON, without the agent's protocol header.</summary>
    public required bool IsPipelinesWorker { get; init; }

    /// <summary>The worker is asked for, but its address is none: nothing can be sent, least of all past it.</summary>
    public required bool IsWorkerMissing { get; init; }

    /// <summary>Of intakes; a worker gets everything uncompressed.</summary>
    public required bool UsesCompression { get; init; }

    /// <summary>Intakes that get copies; path included.</summary>
    public required IReadOnlyList<AdditionalEndpoint> Additional { get; init; }

    internal static LogShippingSettings Read(EnvReader env, Uri intake)
    {
        string? address = env.Text(Keys.PipelinesWorkerLogsUrl);
        bool isWorker = env.Bool(Keys.PipelinesWorkerLogsEnabled, @default: false);
        Uri? worker = isWorker ? ReadWorker(env, address) : null;
        return new LogShippingSettings
        {
            Url = worker ?? intake,
            IsPipelinesWorker = isWorker,
            IsWorkerMissing = isWorker && worker is null,
            UsesCompression = env.Bool(Keys.LogsUseCompression, @default: true),
            Additional = ReadAdditional(env),
        };
    }

    /// <summary>The address as it is given: no path is added, and none is taken away.</summary>
    private static Uri? ReadWorker(EnvReader env, string? address)
    {
        string text = address?.Trim() ?? "";
        string withScheme = text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text;
        if (Uri.TryCreate(withScheme, UriKind.Absolute, out Uri? url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
            && url.Host.Length > 0)
        {
            return url;
        }

        env.Fail(Keys.PipelinesWorkerLogsUrl, text, $"the http or https URL of the worker that {Keys.PipelinesWorkerLogsEnabled} asks for; no logs are sent");
        return null;
    }

    private static IReadOnlyList<AdditionalEndpoint> ReadAdditional(EnvReader env)
    {
        return env.First<IReadOnlyList<AdditionalEndpoint>>([Keys.AdditionalLogs], TryRead, $"{AdditionalForm}; nothing is sent twice", [], isError: true);

        bool TryRead(SettingValue value, out IReadOnlyList<AdditionalEndpoint> endpoints)
        {
            var found = new List<AdditionalEndpoint>();
            endpoints = found;
            bool isList = JsonTexts.TryReadObjects(value.Text, out IReadOnlyList<Dictionary<string, string>> entries, keepsScalars: true);
            for (int i = 0; i < entries.Count; i++)
            {
                if (entries[i].Values.Any(EnvReader.IsHandle))
                {
                    env.Fail(value, $"the key of entry {i + 1}", $"the key itself, it is {EnvReader.HandleForm}; nothing is sent there");
                }
                else if (EndpointOf(entries[i], value.Title) is { } endpoint)
                {
                    found.Add(endpoint);
                }
                else
                {
                    env.Fail(value, $"entry {i + 1}", $"an object with api_key and Host, as in {AdditionalForm}; nothing is sent there");
                }
            }

            return isList;
        }
    }

    /// <summary>Whether the user calls it reliable makes no difference: no copy holds up anything.</summary>
    private static AdditionalEndpoint? EndpointOf(Dictionary<string, string> entry, string title)
    {
        var members = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, string value) in entry)
        {
            members[name] = value;
        }

        string apiKey = members.GetValueOrDefault("api_key", "").Trim();
        string host = members.GetValueOrDefault("host", "").Trim().TrimEnd('/');
        string port = members.GetValueOrDefault("port", HttpsPort.ToString(CultureInfo.InvariantCulture));
        bool isComplete = apiKey.Length > 0 && host.Length > 0 && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _);
        return isComplete && IntakeUrls.TryParseBesideKeys(host, "", out Uri? _) && IntakeUrls.TryParse($"{host}:{port}", IntakeUrls.LogsPath, out Uri? url)
            ? new AdditionalEndpoint(url, new KeySetting(apiKey, title))
            : null;
    }
}
