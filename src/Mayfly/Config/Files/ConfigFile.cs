using System.Globalization;

namespace Mayfly.Config.Files;

/// <summary><c>datadog.yaml</c>: what it sets, by the name of the environment variable that means the same.</summary>
/// <remarks>docs/spec/05-config.md#1-sources-and-merge-order. A file that cannot be used sets nothing and costs one sentence in <see cref="Errors"/>.</remarks>
public sealed class ConfigFile
{
    internal const string Name = "datadog.yaml";

    /// <summary>The commented example of the large agent is a fifth of it.</summary>
    internal const int SizeLimitBytes = 1024 * 1024;

    private const int KeysLimit = 10_000;
    private const int WarningsLimit = 20;
    private const string UsualTaskRoot = "/var/task";
    private const string Remedy = "Nothing in it is used; environment variables and defaults hold.";

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly List<string> _warnings = [];
    private readonly List<string> _errors = [];

    private ConfigFile(string path) => Path = path;

    public string Path { get; }

    /// <summary>Keys that are there twice.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Why nothing of it is used.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>Paths of all that has a value, each with the variables it stands for.</summary>
    internal IEnumerable<Entry> Entries => _entries.Values.Distinct();

    /// <summary>The file in the task root, or else in the working directory; null where there is none.</summary>
    /// <param name="taskRoot"><c>LAMBDA_TASK_ROOT</c>; null: the usual one.</param>
    public static ConfigFile? Find(string? taskRoot) => Open(System.IO.Path.Combine(taskRoot ?? UsualTaskRoot, Name)) ?? Open(Name);

    /// <summary>Null: there is no such file, it is empty, or it is none, such as a pipe.</summary>
    internal static ConfigFile? Open(string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (!info.Exists || info.Length == 0)
            {
                return null;
            }

            var file = new ConfigFile(info.FullName);
            if (info.Length > SizeLimitBytes)
            {
                file.Refuse(string.Create(CultureInfo.InvariantCulture, $"is larger than {SizeLimitBytes} bytes"), "Take out what is not needed.");
                return file;
            }

            using StreamReader text = info.OpenText();
            file.Read(text.ReadToEnd());
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            var file = new ConfigFile(path);
            file.Refuse($"cannot be read ({e.Message})", "Check the permissions of the file.");
            return file;
        }
    }

    /// <summary>From a text instead of a file.</summary>
    internal static ConfigFile Parse(string yaml)
    {
        var file = new ConfigFile(Name);
        file.Read(yaml);
        return file;
    }

    /// <summary>What the file says in place of the variable; null: nothing.</summary>
    internal Entry? Value(string variable) => _entries.GetValueOrDefault(variable);

    private void Read(string text)
    {
        try
        {
            if (YamlTree.Read(text, SizeLimitBytes) is { } root)
            {
                Take(root, "");
            }
        }
        catch (FormatException e)
        {
            Refuse(e.Message, "Correct that line, or remove the file.");
        }
    }

    private void Refuse(string what, string remedy)
    {
        _entries.Clear();
        _warnings.Clear();
        _errors.Add($"{Path} {what}. {Remedy} {remedy}");
    }

    private void Take(ConfigNode map, string prefix)
    {
        foreach ((string key, ConfigNode value) in map.Members!)
        {
            string path = prefix + key;
            if (value.IsNothing || path.Length > FileKeys.LongestPath)
            {
                continue;
            }

            Take(path, value);
            if (value.Members is not null)
            {
                Take(value, path + ".");
            }
        }
    }

    private void Take(string path, ConfigNode value)
    {
        var entry = new Entry(path, value);
        if (_entries.Count > KeysLimit)
        {
            throw new FormatException($"has more than {KeysLimit} keys");
        }

        foreach (string variable in FileKeys.VariablesOf(path))
        {
            if (_entries.TryGetValue(variable, out Entry? earlier) && (value.Members ?? earlier.Node.Members) is null)
            {
                AddOnce($"{earlier.Title} is set again in line {value.Line.ToString(CultureInfo.InvariantCulture)}, which is used.");
            }

            _entries[variable] = entry;
        }
    }

    private void AddOnce(string warning)
    {
        if (_warnings.Count < WarningsLimit && !_warnings.Contains(warning))
        {
            _warnings.Add(warning);
        }
    }

    /// <summary>One key of the file.</summary>
    /// <param name="Path">Keys from the root, with points between.</param>
    /// <param name="Node">Its value, never nothing.</param>
    internal sealed record Entry(string Path, ConfigNode Node)
    {
        /// <summary>For people: where it is and what it is.</summary>
        public string Title => string.Create(CultureInfo.InvariantCulture, $"{Name}, line {Node.Line}: {Path}");
    }
}
