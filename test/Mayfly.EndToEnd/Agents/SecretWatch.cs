using System.Collections.Concurrent;
using System.Security.Cryptography;
using Xunit;

namespace Mayfly.EndToEnd.Agents;

/// <summary>
/// Looks at every line that an agent of these tests prints, and it prints at <c>trace</c> level, for the secrets that it was given: new random ones in each run,
/// so that no constant of a program can hide or feign them. A test whose agent says one fails when it puts its agent away.
/// </summary>
internal sealed class SecretWatch
{
    /// <summary>As much of a secret in a row is too much. Its last four characters may be shown.</summary>
    private const int Window = 8;

    private readonly ConcurrentQueue<string> _leaks = [];
    private readonly string[] _secrets;

    /// <param name="more">Secrets of this agent alone.</param>
    public SecretWatch(params IEnumerable<string> more) => _secrets = [.. Variables.Values.Concat(more)];

    /// <summary>Looks like an API key; no intake outside this machine ever sees it.</summary>
    public static string ApiKey { get; } = Random(32);

    /// <summary>What every agent is started with.</summary>
    public static IReadOnlyDictionary<string, string> Variables { get; } = new Dictionary<string, string>
    {
        ["DD_API_KEY"] = ApiKey,
        ["DD_APP_KEY"] = Random(40),
        ["AWS_SECRET_ACCESS_KEY"] = Random(40),
        ["AWS_SESSION_TOKEN"] = Random(64),
    };

    /// <summary>A secret as keys look: hexadecimal, in lower case.</summary>
    public static string Random(int length) => RandomNumberGenerator.GetHexString(length, lowercase: true);

    /// <summary>Takes note of a line, or more, that an agent wrote.</summary>
    public void See(string line)
    {
        if (Array.Exists(_secrets, secret => Holds(line, secret)))
        {
            _leaks.Enqueue(line);
        }
    }

    /// <summary>Fails with the lines that held a secret.</summary>
    public void MustBeClean() => Assert.True(_leaks.IsEmpty, "The agent printed a secret:\n" + string.Join('\n', _leaks));

    private static bool Holds(string line, string secret)
    {
        for (int at = 0; at + Window <= secret.Length; at++)
        {
            if (line.AsSpan().Contains(secret.AsSpan(at, Window), StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
