using System.Globalization;

namespace Mayfly.Footprint;

/// <summary>Command line of the measuring program; bench/footprint.sh fills it in.</summary>
internal sealed class Options
{
    /// <summary>Native agent, at a path <c>…/extensions/datadog-agent</c>.</summary>
    public string? Agent { get; private set; }

    public string? Floor { get; private set; }

    /// <summary>The server in C that only reads and answers.</summary>
    public string? BareFloor { get; private set; }

    public string? Peer { get; private set; }

    /// <summary>Why there is no peer.</summary>
    public string PeerMissing { get; private set; } = "not asked for";

    /// <summary>Further extension programs to measure in the same rounds, by name: variants of the agent or of the floor.</summary>
    public List<(string Name, string Path)> Also { get; } = [];

    /// <summary>Further environment variables of the agent: settings to compare.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    public string? LayerZip { get; private set; }

    public int Rounds { get; private set; } = 30;

    public int Invocations { get; private set; }

    public int Lifecycle { get; private set; }

    /// <summary>Rounds of a first flush over HTTPS and HTTP; 0 = none.</summary>
    public int FirstFlush { get; private set; }

    /// <summary>Seconds of DogStatsD load; 0 = none.</summary>
    public int Datagrams { get; private set; }

    /// <summary>Millions of DogStatsD messages over 5,000 contexts, and one million each over 500 and 20,000; 0 = none.</summary>
    public int Contexts { get; private set; }

    /// <summary>Seconds of each phase of trace load; 0 = none.</summary>
    public int Traces { get; private set; }

    public bool Check { get; private set; }

    /// <summary>Null after a line on standard error when an argument is unknown or not a number.</summary>
    public static Options? Parse(string[] arguments)
    {
        var options = new Options();
        for (var i = 0; i < arguments.Length; i++)
        {
            var name = arguments[i];
            if (name == "--check")
            {
                options.Check = true;
                continue;
            }

            var value = i + 1 < arguments.Length ? arguments[++i] : "";
            if (!options.Set(name, value))
            {
                Console.Error.WriteLine($"footprint: '{name} {value}' is not an option");
                return null;
            }
        }

        return options;
    }

    private bool Set(string name, string value)
    {
        switch (name)
        {
            case "--agent":
                Agent = value;
                return true;
            case "--floor":
                Floor = value;
                return true;
            case "--bare-floor":
                BareFloor = value;
                return true;
            case "--peer":
                Peer = value;
                return true;
            case "--peer-missing":
                PeerMissing = value;
                return true;
            case "--also" when value.Split('=', 2) is [var also, var path]:
                Also.Add((also, path));
                return true;
            case "--set" when value.Split('=', 2) is [var variable, var content]:
                Variables[variable] = content;
                return true;
            case "--layer":
                LayerZip = value;
                return true;
            case "--rounds":
                Rounds = Number(value);
                return Rounds > 0;
            case "--invocations":
                Invocations = Number(value);
                return Invocations >= 0;
            case "--lifecycle":
                Lifecycle = Number(value);
                return Lifecycle >= 0;
            case "--first-flush":
                FirstFlush = Number(value);
                return FirstFlush >= 0;
            case "--datagrams":
                Datagrams = Number(value);
                return Datagrams >= 0;
            case "--contexts":
                Contexts = Number(value);
                return Contexts >= 0;
            case "--traces":
                Traces = Number(value);
                return Traces >= 0;
            default:
                return false;
        }
    }

    private static int Number(string value) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
}
