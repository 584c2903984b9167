using System.Globalization;

namespace Mayfly.Config;

/// <content>The forms of single values.</content>
public sealed partial class EnvReader
{
    private const string ExpectedBool = "true or false";

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

    private static bool TryParseTexts(SettingValue value, out IReadOnlyList<string> texts)
    {
        if (value.IsStructured)
        {
            texts = value.Items() ?? [];
            return value.Items() is not null;
        }

        string text = value.Text.Trim();
        if (text[0] == '[')
        {
            return JsonTexts.TryRead(text, out texts);
        }

        char[]? separators = text.Contains(',', StringComparison.Ordinal) ? [','] : null;
        texts = text.Split(separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return true;
    }

    private static IEnumerable<string> TagItems(string text)
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
