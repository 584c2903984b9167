using System.Text;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Which runtime the function uses, for the <c>runtime</c> tag. Extensions are not told: the name stands in the runtime process's environment
/// (docs/spec/01-lambda-lifecycle.md#62-runtime-detection-at-the-first-invoke).
/// </summary>
public static class RuntimeName
{
    private const string Unknown = "unknown";

    /// <summary>The platform's own process, which starts the runtime.</summary>
    private const string Platform = "rapid";

    /// <summary>Looks through the processes under <paramref name="procDirectory"/>, then at the operating system; <c>unknown</c> when neither tells.</summary>
    public static string Detect(string procDirectory = "/proc", string osReleaseFile = "/etc/os-release") =>
        FromProcesses(procDirectory) ?? FromOsRelease(osReleaseFile) ?? Unknown;

    private static string? FromProcesses(string procDirectory)
    {
        try
        {
            foreach (string directory in Directory.EnumerateDirectories(procDirectory))
            {
                ReadOnlySpan<char> pid = Path.GetFileName(directory.AsSpan());
                if (!pid.ContainsAnyExceptInRange('0', '9') && pid is not "1" && FromEnvironment(Path.Combine(directory, "environ")) is { } name)
                {
                    return name;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No /proc: not Linux, or not allowed to look.
        }

        return null;
    }

    /// <summary>The text after the last underscore of <c>AWS_EXECUTION_ENV</c>: <c>AWS_Lambda_java17</c> → <c>java17</c>.</summary>
    private static string? FromEnvironment(string environFile)
    {
        byte[] environ;
        try
        {
            environ = File.ReadAllBytes(environFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        ReadOnlySpan<byte> rest = environ;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)0);
            ReadOnlySpan<byte> entry = end < 0 ? rest : rest[..end];
            if (entry.StartsWith("AWS_EXECUTION_ENV="u8))
            {
                string value = Encoding.UTF8.GetString(entry["AWS_EXECUTION_ENV="u8.Length..]).Trim('"', '\'');
                string name = value[(value.LastIndexOf('_') + 1)..];
                return name is "" or Platform ? null : name;
            }

            rest = end < 0 ? default : rest[(end + 1)..];
        }

        return null;
    }

    private static string? FromOsRelease(string file)
    {
        try
        {
            string? pretty = File.ReadLines(file).FirstOrDefault(static line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal));
            string? name = pretty?["PRETTY_NAME=".Length..].Trim('"');
            return name switch
            {
                null => null,
                "Amazon Linux 2" => "provided.al2",
                _ when name.StartsWith("Amazon Linux 2023", StringComparison.Ordinal) => "provided.al2023",
                _ => null,
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
