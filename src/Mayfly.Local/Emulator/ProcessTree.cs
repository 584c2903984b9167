using System.Globalization;
using System.Text;

namespace Mayfly.Local.Emulator;

/// <summary>What /proc tells about a process and everything it started: same session, same process group, or a descendant.</summary>
/// <remarks>Empty where there is no /proc; the root itself is always in the answer there.</remarks>
internal static class ProcessTree
{
    /// <summary>Ids of <paramref name="root"/> and of all its processes.</summary>
    public static List<int> Members(int root)
    {
        var all = new List<ProcessStat>();
        foreach (int id in All())
        {
            if (TryRead(id, out ProcessStat stat))
            {
                all.Add(stat);
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

    /// <summary>Ids of processes that were started with a variable, whoever their parent is by now.</summary>
    public static IEnumerable<int> WithVariable(string assignment)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(assignment + "\0");
        foreach (int id in All())
        {
            if (ReadOrEmpty($"/proc/{id}/environ").AsSpan().IndexOf(wanted) >= 0)
            {
                yield return id;
            }
        }
    }

    /// <summary>Resident memory of one process in bytes; 0 if it cannot be read.</summary>
    public static long ResidentBytes(int id)
    {
        string[] fields = Encoding.ASCII.GetString(ReadOrEmpty($"/proc/{id}/statm")).Split(' ');
        return fields.Length > 1 ? long.Parse(fields[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize : 0;
    }

    /// <summary>Reads <c>/proc/&lt;id&gt;/stat</c>; the command in its second field may hold anything, so parsing starts after the last parenthesis.</summary>
    public static bool TryRead(int id, out ProcessStat stat)
    {
        stat = default;
        string text = Encoding.ASCII.GetString(ReadOrEmpty($"/proc/{id}/stat"));
        int command = text.LastIndexOf(')');
        if (command < 0)
        {
            return false;
        }

        string[] fields = text[(command + 2)..].Split(' ');
        stat = new ProcessStat(id, fields[0][0], Number(fields[1]), Number(fields[2]), Number(fields[3]));
        return true;
    }

    private static IEnumerable<int> All()
    {
        foreach (string directory in Directory.Exists("/proc") ? Directory.EnumerateDirectories("/proc") : [])
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int id))
            {
                yield return id;
            }
        }
    }

    /// <summary>A file of a process that may end at any moment, or be somebody else's.</summary>
    private static byte[] ReadOrEmpty(string file)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
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
