using System.Globalization;

namespace Mayfly.Local.Emulator;

/// <summary>What /proc tells about a process and everything it started: same session, same process group, or a descendant.</summary>
/// <remarks>Empty where there is no /proc; the root itself is always in the answer there.</remarks>
internal static class ProcessTree
{
    /// <summary>Ids of <paramref name="root"/> and of all its processes.</summary>
    public static List<int> Members(int root)
    {
        var all = new List<ProcessStat>();
        if (Directory.Exists("/proc"))
        {
            foreach (string directory in Directory.EnumerateDirectories("/proc"))
            {
                if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int id) && TryRead(id, out ProcessStat stat))
                {
                    all.Add(stat);
                }
            }
        }

        var members = new HashSet<int> { root };
        bool grew = true;
        while (grew)
        {
            grew = false;
            foreach (ProcessStat stat in all)
            {
                if ((stat.Group == root || stat.Session == root || members.Contains(stat.Parent)) && members.Add(stat.Id))
                {
                    grew = true;
                }
            }
        }

        return [.. members];
    }

    /// <summary>Resident memory of one process in bytes; 0 if it cannot be read.</summary>
    public static long ResidentBytes(int id)
    {
        try
        {
            string[] fields = File.ReadAllText($"/proc/{id}/statm").Split(' ');
            return long.Parse(fields[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>Reads <c>/proc/&lt;id&gt;/stat</c>; the command in its second field may hold anything, so parsing starts after the last parenthesis.</summary>
    public static bool TryRead(int id, out ProcessStat stat)
    {
        stat = default;
        try
        {
            string text = File.ReadAllText($"/proc/{id}/stat");
            string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            stat = new ProcessStat(id, fields[0][0], Number(fields[1]), Number(fields[2]), Number(fields[3]));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static int Number(string field) => int.Parse(field, CultureInfo.InvariantCulture);
}

/// <summary>One process.</summary>
/// <param name="Id">Process id.</param>
/// <param name="State">As in ps: R, S, D, T (stopped), Z …</param>
/// <param name="Parent">Parent's id.</param>
/// <param name="Group">Process group id.</param>
/// <param name="Session">Session id.</param>
internal readonly record struct ProcessStat(int Id, char State, int Parent, int Group, int Session);
