using System.Globalization;

namespace Mayfly.Config;

/// <summary>
/// The only reader of environment variables. Every value is text first; each key parses its own text, and a value that does not parse costs that key
/// alone: its default stays and one warning names it.
/// </summary>
/// <remarks>
/// <c>DATADOG_X</c> is a weaker alias of <c>DD_X</c>. A blank value counts as not set, whatever the key.
/// Accepted forms: docs/spec/05-config.md#2-typing-of-environment-values-l and #3-parsers, the rows marked Mayfly.
/// </remarks>
public sealed class EnvReader(Func<string, string?> lookup)
{
    private const string Prefix = "DD_";
    private const string AliasPrefix = "DATADOG_";

    private readonly List<string> _warnings = [];
    private readonly List<string> _errors = [];

    /// <summary>One sentence per value that was not understood: what was set, what was expected, what is used instead.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>As <see cref="Warnings"/>, where it means that something the user relies on does not happen, such as the masking of secrets.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>A reader of this process's environment.</summary>
    public static EnvReader OfThisProcess()
    {
#pragma warning disable RS0030 // The one place that reads the environment.
        return new EnvReader(Environment.GetEnvironmentVariable);
#pragma warning restore RS0030
    }

    /// <summary>The value, exactly as it is set; null when unset or blank.</summary>
    public string? Text(string key)
    {
        string? value = lookup(key);
        if (string.IsNullOrWhiteSpace(value) && key.StartsWith(Prefix, StringComparison.Ordinal))
        {
            value = lookup(AliasPrefix + key[Prefix.Length..]);
        }

        return string.IsNullOrWhiteSpace(value) ? null : value;
    }

    /// <summary>The first of several names that is set.</summary>
    public string? Text(string key, string weakerKey) => Text(key) ?? Text(weakerKey);

    public bool Bool(string key, bool @default) => BoolOrNull(key) ?? @default;

    /// <summary>true false 1 0 t f yes no y n on off, any case.</summary>
    public bool? BoolOrNull(string key)
    {
        string? text = Text(key);
        if (text is null)
        {
            return null;
        }

        switch (text.Trim().ToLowerInvariant())
        {
            case "true" or "1" or "t" or "yes" or "y" or "on":
                return true;
            case "false" or "0" or "f" or "no" or "n" or "off":
                return false;
            default:
                Warn(key, text, "true or false");
                return null;
        }
    }

    /// <summary>A decimal integer within bounds.</summary>
    public int Int(string key, int @default, int min, int max)
    {
        string? text = Text(key);
        if (text is null)
        {
            return @default;
        }

        if (int.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max)
        {
            return value;
        }

        Warn(key, text, $"a whole number from {min} to {max}, {@default} is used");
        return @default;
    }

    /// <summary>A decimal number within bounds.</summary>
    public double Number(string key, double @default, double min, double max)
    {
        string? text = Text(key);
        if (text is null)
        {
            return @default;
        }

        if (double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= min && value <= max)
        {
            return value;
        }

        Warn(key, text, string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}, {@default} is used"));
        return @default;
    }

    /// <summary>A TCP or UDP port; 0 turns the listener off.</summary>
    public int Port(string key, int @default) => Int(key, @default, 0, ushort.MaxValue);

    /// <summary>A non-negative decimal number of seconds, with an optional unit <c>s</c> or <c>ms</c>.</summary>
    public TimeSpan Seconds(string key, TimeSpan @default, TimeSpan min)
    {
        string? text = Text(key);
        if (text is null)
        {
            return @default;
        }

        if (TryParseSeconds(text.Trim(), out TimeSpan value) && value >= min)
        {
            return value;
        }

        Warn(key, text, string.Create(CultureInfo.InvariantCulture, $"a number of seconds of at least {min.TotalSeconds}, {@default.TotalSeconds} is used"));
        return @default;
    }

    /// <summary>
    /// <c>key:value</c> items separated by comma or space, or a JSON list of such texts; split at the first colon; a later duplicate wins.
    /// An item without key or value costs itself.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Tags(string key)
    {
        string? text = Text(key);
        if (text is null)
        {
            return [];
        }

        var tags = new List<KeyValuePair<string, string>>();
        foreach (string item in Items(text))
        {
            int colon = item.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && colon < item.Length - 1)
            {
                string name = item[..colon];
                tags.RemoveAll(known => known.Key == name);
                tags.Add(new(name, item[(colon + 1)..]));
            }
            else
            {
                Warn(key, item, "items of the form key:value, this one is skipped");
            }
        }

        return tags;
    }

    /// <summary>A JSON list of texts, or items separated by comma, or by white space where there is no comma. Empty items do not count.</summary>
    public IReadOnlyList<string> Texts(string key)
    {
        string? text = Text(key)?.Trim();
        if (text is not ['[', ..])
        {
            char[]? separators = text?.Contains(',', StringComparison.Ordinal) == true ? [','] : null;
            return text?.Split(separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
        }

        if (!JsonTexts.TryRead(text, out IReadOnlyList<string> texts))
        {
            Warn(key, text, "a JSON list of texts, or texts separated by commas; it is ignored");
        }

        return texts;
    }

    /// <summary>Says that <paramref name="key"/> holds something that cannot be used.</summary>
    public void Warn(string key, string value, string expected) => AddOnce(_warnings, key, value, expected);

    /// <summary>As <see cref="Warn"/>, where something that the user relies on does not happen.</summary>
    public void Fail(string key, string value, string expected) => AddOnce(_errors, key, value, expected);

    /// <summary>Tells, in a whole sentence, what something well understood does not do.</summary>
    public void Advise(string sentence) => AddOnce(_warnings, sentence);

    private static void AddOnce(List<string> list, string key, string value, string expected) =>
        AddOnce(list, $"{key}={value} is not understood: expected {expected}.");

    private static void AddOnce(List<string> list, string sentence)
    {
        if (!list.Contains(sentence))
        {
            list.Add(sentence);
        }
    }

    private static IEnumerable<string> Items(string text)
    {
        // One pair of quotes around the whole is a shell's, not the user's.
        string trimmed = text.Trim() is ['"', .. string inner, '"'] ? inner : text.Trim();
        bool isJsonList = trimmed is ['[', .., ']'];
        string items = isJsonList ? trimmed[1..^1] : trimmed;
        return items
            .Split([',', ' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Select(item => isJsonList ? item.Trim('"') : item)
            .Where(static item => item.Length > 0);
    }

    private static bool TryParseSeconds(ReadOnlySpan<char> text, out TimeSpan value)
    {
        double unit = 1;
        if (text.EndsWith("ms", StringComparison.OrdinalIgnoreCase))
        {
            unit = 0.001;
            text = text[..^2];
        }
        else if (text.EndsWith("s", StringComparison.OrdinalIgnoreCase))
        {
            text = text[..^1];
        }

        bool parsed = double.TryParse(text.TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number)
            && number * unit < TimeSpan.MaxValue.TotalSeconds / 2;
        value = parsed ? TimeSpan.FromSeconds(number * unit) : default;
        return parsed;
    }
}
