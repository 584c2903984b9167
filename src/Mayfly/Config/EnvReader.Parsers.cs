using System.Globalization;

namespace Mayfly.Config;

/// <content>The forms of single values.</content>
public sealed partial class EnvReader
{
    private const string ExpectedBool = "true or false";
    private static readonly char[] TagSeparators = [',', ' ', '\t', '\n'];

    private static bool IsText(SettingValue value, out string? text)
    {
        text = value.IsStructured ? null : value.Text;
        return text is not null;
    }

    private static bool TryParseBool(SettingValue value, out bool result)
    {
        string word = value.Text.Trim().ToLowerInvariant();
        result = word is "true" or "1" or "t" or "yes" or "y" or "on";
        return result || word is "false" or "0" or "f" or "no" or "n" or "off";
    }

    private static bool TryParseBoolOrNull(SettingValue value, out bool? result)
    {
        result = TryParseBool(value, out bool known) ? known : null;
        return result is not null;
    }

    /// <summary>
    /// A list of a file, or a JSON list. An element that is no text costs itself and a warning, as long as another one is left. False: it is no such list.
    /// </summary>
    internal bool TryReadList(SettingValue value, out IReadOnlyList<string> texts)
    {
        var wrong = new List<string>();
        texts = value.Items(wrong) ?? [];
        bool isList = value.IsStructured ? !value.IsMap : JsonTexts.TryRead(value.Text.Trim(), wrong, out texts);
        if (!isList || (texts.Count == 0 && wrong.Count > 0))
        {
            return false;
        }

        WarnOf(value, wrong);
        return true;
    }

    private bool TryParseTexts(SettingValue value, out IReadOnlyList<string> texts)
    {
        string text = value.IsStructured ? "" : value.Text.Trim();
        if (text is "" or ['[', ..])
        {
            return TryReadList(value, out texts);
        }

        texts = Separated(text);
        return true;
    }

    private bool TryParseHosts(SettingValue value, out IReadOnlyList<string> texts)
    {
        bool isList = TryParseTexts(value, out texts);
        if (isList || value.IsStructured || value.Text.Contains('"', StringComparison.Ordinal))
        {
            return isList;
        }

        texts = Separated(value.Text);
        return true;
    }

    private static string[] Separated(string text)
    {
        char[]? separators = text.Contains(',', StringComparison.Ordinal) ? [','] : null;
        return text.Split(separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private void WarnOf(SettingValue value, List<string> places) =>
        places.ForEach(place => Warn(value, place, "a text in this place; it is skipped, the others count"));

    /// <summary>The items of tags: of a list those in it, as they are; else what stands between commas and blanks.</summary>
    private IReadOnlyList<string> TagItems(SettingValue value)
    {
        var wrong = new List<string>();
        if (value.PairItems(wrong) is { } items)
        {
            WarnOf(value, wrong);
            return items;
        }

        // One pair of quotes around the whole is a shell's, not the user's.
        string text = value.Text.Trim() is ['"', .. string inner, '"'] ? inner : value.Text.Trim();
        if (text is not ['[', .., ']'])
        {
            return text.Split(TagSeparators, StringSplitOptions.RemoveEmptyEntries);
        }

        if (JsonTexts.TryRead(text, wrong, out IReadOnlyList<string> texts))
        {
            WarnOf(value, wrong);
            return [.. texts.Select(static item => item.Trim()).Where(static item => item.Length > 0)];
        }

        // A list without the quotes of JSON.
        string[] parts = text[1..^1].Split(TagSeparators, StringSplitOptions.RemoveEmptyEntries);
        return [.. parts.Select(static item => item.Trim('"')).Where(static item => item.Length > 0)];
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

    /// <summary>A default as a user would write it.</summary>
    private static string? TextOf<T>(T value) => value switch
    {
        bool flag => flag ? "true" : "false",
        TimeSpan time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds}s"),
        IReadOnlyList<string> texts => string.Join(',', texts),
        System.Collections.ICollection => "",
        Enum word => word.ToString().ToLowerInvariant(),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value?.ToString(),
    };
}
