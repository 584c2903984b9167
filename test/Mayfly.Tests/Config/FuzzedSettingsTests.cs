using System.Text;
using Mayfly.Config;
using Mayfly.Config.Files;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>Whatever the environment and the file hold: there are settings, and the API key of the environment is among them.</summary>
public class FuzzedSettingsTests
{
    private const string Key = "0123456789abcdef0123456789abcdef";
    private const int MostComplaints = 110;

    private const string Yaml = """
        # An agent's file
        site: datadoghq.eu
        api_key: "of the file"
        env: prod
        tags: ["a:b", c:d]
        additional_endpoints: &more
          "https://api.datadoghq.eu":
            - k1
        apm_config:
          enabled: true
          additional_endpoints: *more
          replace_tags:
            - {name: http.url, pattern: "(token)=[^&]+", repl: "$1=?"}
          filter_tags: {require: ["env:prod"], reject: [a]}
          obfuscation:
            credit_cards: {enabled: yes, keep_values: [x, y]}
          peer_tags: [a, b]
        logs_config:
          processing_rules:
            - type: mask_sequences
              name: 'cards'
              pattern: \d{16}
              replace_placeholder: "[card]"
            - type: multi_line
              pattern: >-
                ^\d+
                x
        proxy: {https: "http://proxy:3128", no_proxy: [a, b]}
        serverless_flush_strategy: periodically,100
        flush_timeout: 5
        trace_propagation_style: |
          datadog
        service_mapping: {a: b}

        """;

    private static readonly string[] Pieces =
    [
        "", " ", "\n", "\n  ", "\n- ", ": ", ":", "- ", "-", "[", "]", "{", "}", ",", "\"", "'", "&a ", "*a", "*more", "&more ", "|", ">", "|9", ">-", "!", "!!int ", "#", " #", "%", "@",
        "`", "?", "? ", "---\n", "...\n", "\t", "\r", "\0", "\uFEFF", "\u2028", "\u0085", "\ud800", "🙂", "~", "null", "true", "no", "-1", "1e400", "0x10", "999999999999999999999",
        "<<: *more", "a: ", "http://[::1", "(", "\\", "(?i", "{9999}", "datadoghq", "a:b:c", "[[[[", "{{{{", "- - - - ", "NaN", "∞", "５", "\u001b[0m", "=", "==", "a,b",
    ];

    private static readonly string[] Names = [.. KnownNames.Read.Where(static name => name != Keys.ApiKey), Keys.Region, Keys.SystemHttpsProxy, Keys.WebAdapterProxy];

    private static readonly string[] Values =
    [
        """[{"type":"exclude_at_match","name":"a","pattern":"x"}]""", """{"https://a":["k"]}""", """[{"api_key":"k","Host":"h","Port":443}]""",
        """[{"name":"*","pattern":"(a|b)+","repl":"$1"}]""", "a:b,c:d", "true", "http://a:1/", "periodically,100", "[\"a\"]", "1.5s", "datadog,b3", "12",
    ];

    [Fact]
    public void Any_file_and_any_environment_give_settings_and_keep_the_key()
    {
        const int Cases = 20_000;
        var random = new Random(6);
        int readable = 0;
        for (int i = 0; i < Cases; i++)
        {
            string yaml = Mutate(Yaml, random, random.Next(6));
            Dictionary<string, string> variables = RandomVariables(random);
            variables[random.Next(2) == 0 ? Keys.ApiKey : "DATADOG_API_KEY"] = Key;
            var file = ConfigFile.Parse(yaml);
            readable += file.Errors.Count == 0 ? 1 : 0;
            var reader = new EnvReader(variables.GetValueOrDefault, file, () => variables.Keys);
            var settings = Settings.Read(reader);
            CompatSettings.Read(reader);
            Assert.Equal(Key, settings.ApiKey);
            Assert.InRange(settings.Warnings.Count + settings.Errors.Count, 0, 2 * MostComplaints);
            if (i % 20 == 0)
            {
                var report = ConfigReport.Of(reader);
                Assert.DoesNotContain(Key, report.ToText() + report.ToJson(), StringComparison.Ordinal);
            }
        }

        // The mutations are neither all harmless nor all deadly.
        Assert.InRange(readable, Cases / 5, Cases * 19 / 20);
    }

    /// <summary>Bytes that are no text.</summary>
    [Fact]
    public void Any_bytes_are_a_file_or_a_sentence()
    {
        var random = new Random(7);
        byte[] bytes = new byte[200];
        for (int i = 0; i < 2000; i++)
        {
            random.NextBytes(bytes);
            var file = ConfigFile.Parse(Encoding.UTF8.GetString(bytes, 0, random.Next(bytes.Length)));
            Assert.InRange(file.Errors.Count, 0, 1);
        }
    }

    private static Dictionary<string, string> RandomVariables(Random random)
    {
        var variables = new Dictionary<string, string>();
        for (int i = random.Next(8); i > 0; i--)
        {
            variables[Names[random.Next(Names.Length)]] = Mutate(Values[random.Next(Values.Length)], random, random.Next(3));
        }

        return variables;
    }

    private static string Mutate(string text, Random random, int times)
    {
        for (; times > 0; times--)
        {
            int at = random.Next(text.Length + 1);
            int length = Math.Min(random.Next(12), text.Length - at);
            text = random.Next(6) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, text.Substring(at, length)),
                2 => text[..at],
                3 => text.Insert(at, new string(text.Length > at ? text[at] : ' ', random.Next(100))),
                _ => text.Insert(at, Pieces[random.Next(Pieces.Length)]),
            };
        }

        return text;
    }
}
