namespace Mayfly.Config;

/// <summary>A key, or what leads to one, and the setting that holds it, for messages to people.</summary>
/// <remarks>docs/spec/05-config.md#10-api-key</remarks>
/// <param name="Value">Without the white space around it. A secret, perhaps.</param>
/// <param name="Title">The variable, or the key of the file with its place, that was set.</param>
public sealed record KeySetting(string Value, string Title)
{
    /// <summary>Never the value.</summary>
    public override string ToString() => Title;

    /// <summary>The first that is set; null: none is.</summary>
    internal static KeySetting? Read(EnvReader env, params string[] keys)
    {
        return env.First<KeySetting?>(keys, TryRead, "a single value, as text; it is ignored", null);

        static bool TryRead(SettingValue value, out KeySetting? setting)
        {
            setting = value.IsStructured ? null : new KeySetting(value.Text.Trim(), value.Title);
            return setting is not null;
        }
    }
}
