using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Mayfly.Footprint;

/// <summary>
/// Time from exec to the first <c>/event/next</c> (or first HTTP answer), then memory and threads at that moment.
/// The programs take turns within each round, so that a slow moment of the machine meets all of them.
/// </summary>
internal sealed class StartBench(ExtensionsApi api, string logFolder)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    /// <summary>From the first answer of a program that is no extension to the reading of its memory.</summary>
    private static readonly TimeSpan UntilIdle = TimeSpan.FromMilliseconds(500);

    /// <summary>Rounds that are run and thrown away: page cache, this process's own JIT.</summary>
    private const int WarmUpRounds = 3;

    public Dictionary<Subject, StartResult> Run(IReadOnlyList<Subject> subjects, int rounds)
    {
        var results = subjects.ToDictionary(static subject => subject, static _ => new StartResult());
        for (var round = -WarmUpRounds; round < rounds; round++)
        {
            foreach (var subject in subjects)
            {
                var (ms, sample) = Once(subject);
                if (round >= 0)
                {
                    results[subject].Add(ms, sample);
                }
            }
        }

        return results;
    }

    /// <summary>Starts an extension and waits for its first <c>/event/next</c>.</summary>
    public (Child Child, ExtensionsApi.Session Session) StartExtension(Subject subject)
    {
        var session = api.NewSession();
        var child = Child.Start(subject.Path!, [], EnvironmentOf(subject), LogFile(subject));
        if (session.WaitNext(Timeout))
        {
            return (child, session);
        }

        child.Dispose();
        throw new InvalidOperationException($"{subject.Name}: no /event/next within {Timeout.TotalSeconds} s; its output is in {LogFile(subject)}");
    }

    private (double Ms, ProcessSample Sample) Once(Subject subject)
    {
        if (subject.IsExtension)
        {
            var (child, session) = StartExtension(subject);
            using (child)
            {
                var result = (Stopwatch.GetElapsedTime(child.StartedAt, session.NextAt).TotalMilliseconds, SampleOf(child, subject));
                child.Dispose();
                session.Close();
                return result;
            }
        }

        using var server = StartServer(subject);
        var ms = Stopwatch.GetElapsedTime(server.StartedAt).TotalMilliseconds;

        // Nobody waits for the rest of its start: memory and CPU time are those of a program that has nothing to do.
        Thread.Sleep(UntilIdle);
        return (ms, SampleOf(server, subject));
    }

    /// <summary>Starts a program that is no extension and waits for its first HTTP answer.</summary>
    public Child StartServer(Subject subject)
    {
        var server = Child.Start(subject.Path!, [], EnvironmentOf(subject), LogFile(subject));
        while (Stopwatch.GetElapsedTime(server.StartedAt) < Timeout && !server.HasEnded)
        {
            try
            {
                using var connection = new HttpConnection(subject.HttpPort);
                connection.Send("GET", "/info", "", []);
                return server;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
            {
                // Not listening yet; a millisecond is fine against the 150 ms this takes, and leaves the CPU to the program.
                Thread.Sleep(1);
            }
        }

        server.Dispose();
        throw new InvalidOperationException($"{subject.Name}: no HTTP answer on {IPAddress.Loopback}:{subject.HttpPort}; its output is in {LogFile(subject)}");
    }

    /// <summary>With a folder for temporary files of its own, as each sandbox has: what an earlier process left there is not its affair.</summary>
    private Dictionary<string, string> EnvironmentOf(Subject subject) =>
        new(subject.Environment) { ["TMPDIR"] = Directory.CreateDirectory(Path.Combine(logFolder, Guid.NewGuid().ToString("N"))).FullName };

    private ProcessSample SampleOf(Child child, Subject subject) =>
        child.Sample() ?? throw new InvalidOperationException($"{subject.Name} has ended; its output is in {LogFile(subject)}");

    private string LogFile(Subject subject) => Path.Combine(logFolder, subject.Name.Replace(' ', '-') + ".log");
}

/// <summary>Measurements of one program.</summary>
internal sealed class StartResult
{
    private readonly List<double> _ms = [];
    private readonly List<ProcessSample> _samples = [];

    public void Add(double ms, ProcessSample sample)
    {
        _ms.Add(ms);
        _samples.Add(sample);
    }

    public double MedianMs => Percentile.Of(_ms, 0.5);

    public double P90Ms => Percentile.Of(_ms, 0.9);

    public double MinMs => _ms.Min();

    public double CpuMs => Percentile.Of([.. _samples.Select(static sample => sample.CpuMs)], 0.5);

    public double RssMb => Percentile.Of([.. _samples.Select(static sample => sample.RssBytes / 1e6)], 0.5);

    public double AnonymousMb => Percentile.Of([.. _samples.Select(static sample => sample.AnonymousBytes / 1e6)], 0.5);

    public double Threads => Percentile.Of([.. _samples.Select(static sample => (double)sample.Threads)], 0.5);
}

/// <summary>Nearest-rank percentile.</summary>
internal static class Percentile
{
    public static double Of(IReadOnlyCollection<double> values, double fraction) =>
        values.Order().ElementAt(Math.Clamp((int)Math.Ceiling(fraction * values.Count) - 1, 0, values.Count - 1));
}
