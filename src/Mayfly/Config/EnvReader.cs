using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Mayfly.Config.Files;
using Mayfly.Diagnostics;

namespace Mayfly.Config;

/// <summary>
/// The only reader of what users set: environment variables, and below them <c>datadog.yaml</c>. Every value is text first; each key parses its own text. A
/// value that does not parse costs that key alone: the next source is asked, at last the default holds, and one warning names the value and where it stands.
/// </summary>
/// <remarks>
/// <c>DATADOG_X</c> is a weaker alias of <c>DD_X</c>. A blank value counts as not set, whatever the key. Where a setting has several names, the strongest
/// source decides first, and among its names the stronger one.
/// Accepted forms: docs/spec/05-config.md#2-typing-of-environment-values-l and #3-parsers, the rows marked Mayfly.
/// </remarks>
public sealed partial class EnvReader(Func<string, string?> lookup, ConfigFile? file = null, Func<IEnumerable<string>>? names = null)
{
    private const string Prefix = "DD_";
    private const string AliasPrefix = "DATADOG_";

    /// <summary>For people: what <see cref="IsHandle"/> tells.</summary>
    internal const string HandleForm = "a handle of a secret backend (ENC[…]), which this agent does not have";

    private readonly Complaints _warnings = new(file?.Warnings);
    private readonly Complaints _errors = new(file?.Errors);

    /// <summary>Reads a value; false: it is none for this key.</summary>
    public delegate bool Parser<T>(SettingValue value, [MaybeNullWhen(false)] out T result);

    /// <summary>One sentence per value that was not understood: what was set, what was expected, what is used instead.</summary>
    public IReadOnlyList<string> Warnings => _warnings.Sentences;

    /// <summary>As <see cref="Warnings"/>, where it means that something the user relies on does not happen, such as the masking of secrets.</summary>
    public IReadOnlyList<string> Errors => _errors.Sentences;

    /// <summary>The file below the variables; null: there is none.</summary>
    internal ConfigFile? File => file;

    /// <summary>Of the variables that are set.</summary>
    internal IEnumerable<string> Names => names?.Invoke() ?? [];

    /// <summary>Is told of every setting that is read: its names, the value that holds (null: the default does) and the default as text.</summary>
    internal Action<string[], SettingValue?, string?>? Observer { get; set; }

    /// <summary>A reader of this process's environment, and of the configuration file beside the function.</summary>
    public static EnvReader OfThisProcess()
    {
#pragma warning disable RS0030 // The one place that reads the environment.
        return new EnvReader(
            Environment.GetEnvironmentVariable,
            ConfigFile.Find(Environment.GetEnvironmentVariable(Keys.TaskRoot)),
            static () => Environment.GetEnvironmentVariables().Keys.Cast<string>());
#pragma warning restore RS0030
    }

    /// <summary>
    /// What the strongest source says that <paramref name="parse"/> understands. What it does not is a warning with <paramref name="expected"/>.
    /// </summary>
    /// <param name="keys">The names of the setting, the stronger first.</param>
    /// <param name="parse">Of lists and maps too: they are JSON then.</param>
    /// <param name="expected">The end of a sentence: what would be understood, and what holds instead.</param>
    /// <param name="default">Where no source says anything.</param>
    /// <param name="isError">Not to understand it means that something that the user relies on does not happen.</param>
    public T First<T>(string[] keys, Parser<T> parse, string expected, T @default, bool isError = false)
    {
        for (int at = 0; TryNext(keys, ref at, out SettingValue value);)
        {
            if (parse(value, out T? result))
            {
                Observer?.Invoke(keys, value, null);
                return result;
            }

            (isError ? _errors : _warnings).Add(value.Title, Shown(keys[0], value.Text.Trim()), expected);
        }

        Observer?.Invoke(keys, null, TextOf(@default));
        return @default;
    }

    /// <summary>The same for what is read of trimmed text into a class; null: it is none for this key.</summary>
    public T First<T>(string[] keys, Func<string, T?> read, string expected, T @default, bool isError = false)
        where T : class =>
        First(keys, (SettingValue value, [MaybeNullWhen(false)] out T result) => (result = read(value.Text.Trim())) is not null, expected, @default, isError);

    /// <summary>The strongest value of any form, a list or a map of a file included; null when unset or blank.</summary>
    public SettingValue? Any(params string[] keys)
    {
        int at = 0;
        SettingValue? found = TryNext(keys, ref at, out SettingValue value) ? value : null;
        Observer?.Invoke(keys, found, null);
        return found;
    }

    /// <summary>The value, exactly as it is set; null when unset or blank. Of several names the stronger one comes first.</summary>
    public string? Text(params string[] keys) => First<string?>(keys, IsText, "a single value, as text; it is ignored", null);

    public bool Bool(string key, bool @default) => Bool([key], @default);

    /// <inheritdoc cref="BoolOrNull"/>
    public bool Bool(string[] keys, bool @default) => First(keys, TryParseBool, ExpectedBool, @default);

    /// <summary>true false 1 0 t f yes no y n on off, any case.</summary>
    public bool? BoolOrNull(string key) => First<bool?>([key], TryParseBoolOrNull, ExpectedBool, null);

    /// <summary>In the strongest source that says something understood under any of the names: whether one of them is true.</summary>
    public bool AnyTrue(string key, string alias, bool @default)
    {
        bool? found = null;
        bool isFromFile = false;
        string[] keys = [key, alias];
        for (int at = 0; TryNext(keys, ref at, out SettingValue value);)
        {
            if (found is not null && value.IsFromFile != isFromFile)
            {
                break;
            }

            if (TryParseBool(value, out bool one))
            {
                found = found == true || one;
                isFromFile = value.IsFromFile;
                Observer?.Invoke(keys, value, null);
            }
            else
            {
                Warn(value, value.Text, ExpectedBool);
            }
        }

        Observer?.Invoke(keys, null, TextOf(@default));
        return found ?? @default;
    }

    /// <summary>A decimal integer within bounds.</summary>
    public int Int(string key, int @default, int min, int max) => Int([key], @default, min, max);

    /// <inheritdoc cref="Int(string, int, int, int)"/>
    public int Int(string[] keys, int @default, int min, int max) => First(
        keys,
        (SettingValue value, out int result) =>
            int.TryParse(value.Text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out result) && result >= min && result <= max,
        $"a whole number from {min} to {max}, {@default} is used",
        @default);

    /// <summary>A decimal number within bounds.</summary>
    public double Number(string key, double @default, double min, double max) => First(
        [key],
        (SettingValue value, out double result) =>
            double.TryParse(value.Text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out result) && result >= min && result <= max,
        string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}, {@default} is used"),
        @default);

    /// <summary>A TCP or UDP port; 0 turns the listener off.</summary>
    public int Port(string key, int @default) => Int(key, @default, 0, ushort.MaxValue);

    /// <inheritdoc cref="Port(string, int)"/>
    public int Port(string[] keys, int @default) => Int(keys, @default, 0, ushort.MaxValue);

    /// <summary>A non-negative decimal number of seconds, with an optional unit <c>s</c> or <c>ms</c>.</summary>
    public TimeSpan Seconds(string key, TimeSpan @default, TimeSpan min) => First(
        [key],
        (SettingValue value, out TimeSpan result) => TryParseSeconds(value.Text.Trim(), out result) && result >= min,
        string.Create(CultureInfo.InvariantCulture, $"a number of seconds of at least {min.TotalSeconds}, {@default.TotalSeconds} is used"),
        @default);

    /// <summary>
    /// <c>key:value</c> items separated by comma or space, or a JSON list of such texts; split at the first colon; a later duplicate wins.
    /// An item without key or value costs itself. A list has an item in each of its texts, whatever separators are in it.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Tags(string key)
    {
        if (Any(key) is not { } value)
        {
            return [];
        }

        var tags = new List<KeyValuePair<string, string>>();
        foreach (string item in TagItems(value))
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
                Warn(value, item, "items of the form key:value, this one is skipped");
            }
        }

        return tags;
    }

    /// <summary>A JSON list of texts, or items separated by comma, or by white space where there is no comma. Empty items do not count.</summary>
    public IReadOnlyList<string> Texts(params string[] keys) =>
        First<IReadOnlyList<string>>(keys, TryParseTexts, "a JSON list of texts, or texts separated by commas; it is ignored", []);

    /// <summary><c>ENC[handle]</c>: a secret that the large agent's backend would be asked for.</summary>
    internal static bool IsHandle(string value) => value.AsSpan().Trim() is ['E', 'N', 'C', '[', .., ']'];

    /// <summary>For people: where <paramref name="key"/> is set; null: nowhere. That is not to read it.</summary>
    internal string? TitleIfSet(string key)
    {
        int at = 0;
        return TryNext([key], ref at, out SettingValue value) ? value.Title : null;
    }

    /// <summary>The same, where an item may begin with a bracket: <c>[::1]</c>.</summary>
    public IReadOnlyList<string> Hosts(params string[] keys) =>
        First<IReadOnlyList<string>>(keys, TryParseHosts, "a JSON list of texts, or texts separated by commas; it is ignored", []);

    /// <summary>Says that a part of <paramref name="value"/>, which holds no secret, cannot be used.</summary>
    internal void Warn(SettingValue value, string part, string expected) => _warnings.Add(value.Title, part, expected);

    /// <summary>As <see cref="Warn(SettingValue, string, string)"/>, where something that the user relies on does not happen.</summary>
    internal void Fail(SettingValue value, string part, string expected) => _errors.Add(value.Title, part, expected);

    /// <summary>Says that <paramref name="key"/> holds something that cannot be used.</summary>
    public void Warn(string key, string value, string expected) => _warnings.Add(TitleOf(key), Shown(key, value), expected);

    /// <summary>As <see cref="Warn(string, string, string)"/>, where something that the user relies on does not happen.</summary>
    public void Fail(string key, string value, string expected) => _errors.Add(TitleOf(key), Shown(key, value), expected);

    /// <summary>Tells, in a whole sentence, what something well understood does not do.</summary>
    public void Advise(string sentence) => _warnings.Add(sentence);

    /// <summary>
    /// The sources in order of strength, in each of them the names in order; what is blank is not there. A step of a loop that begins with
    /// <paramref name="at"/> = 0, without an object for it: all settings are read before the agent registers.
    /// </summary>
    private bool TryNext(string[] keys, ref int at, out SettingValue value)
    {
        int sources = file is null ? 1 : 2;
        while (at < keys.Length * sources)
        {
            int i = at++;
            if ((i < keys.Length ? OfVariable(keys[i]) : OfFile(keys[i - keys.Length])) is { } found)
            {
                value = found;
                return true;
            }
        }

        value = default;
        return false;
    }

    private SettingValue? OfFile(string key) =>
        file!.Value(key) is { } entry && new SettingValue(entry) is { IsBlank: false } value && !IsRefusedHandle(value) ? value : null;

    private SettingValue? OfVariable(string key)
    {
        SettingValue? value = Usable(key);
        return value is null && key.StartsWith(Prefix, StringComparison.Ordinal) ? Usable(AliasPrefix + key[Prefix.Length..]) : value;
    }

    private SettingValue? Usable(string variable) =>
        lookup(variable) is { } text && !string.IsNullOrWhiteSpace(text) && new SettingValue(variable, text) is var value && !IsRefusedHandle(value)
            ? value
            : null;

    /// <summary>What stands for a value that only another agent could ask for is no value.</summary>
    private bool IsRefusedHandle(SettingValue value)
    {
        if (value.IsStructured || !IsHandle(value.Text))
        {
            return false;
        }

        _errors.Add($"{value.Title} holds {HandleForm}; it is ignored. Set the value itself, or, of an API key, {Keys.ApiKeySecretArn}.");
        return true;
    }

    /// <summary>A value that is not understood may be a secret in a form that nobody expects: it is known by its name.</summary>
    private static string Shown(string key, string value) =>
        SecretNames.IsSetting(key) || SecretNames.IsKeysByAddress(key) ? SecretNames.Stars
        : SecretNames.IsAddress(key) ? SecretNames.MaskUser(value) : value;

    private string TitleOf(string key) => TitleIfSet(key) ?? key;
}
