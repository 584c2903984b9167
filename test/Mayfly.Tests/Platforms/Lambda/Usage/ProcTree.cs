namespace Mayfly.Tests.Platforms.Lambda.Usage;

/// <summary>A directory that looks like <c>/proc</c>, with the files that a test puts there; and one beside it that stands for <c>/tmp</c>.</summary>
internal sealed class ProcTree : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("mayfly-proc-");

    public string Root => Path.Combine(_directory.FullName, "proc");

    public string Tmp => _directory.FullName;

    public ProcTree() => Directory.CreateDirectory(Root);

    /// <summary>The tree of a small sandbox: the figures of TV11 before the invocation, an interface, two processes.</summary>
    public static ProcTree Healthy()
    {
        ProcTree tree = new ProcTree()
            .With("stat", "cpu  5 0 1 1 0 0 0 0 0 0\ncpu0 1 0 0 1 0\ncpu1 4 0 1 3 0\nintr 12 0 4\nctxt 77\n")
            .With("uptime", "1891.10 3000.00\n")
            .With("net/dev", "Inter-|   Receive\n face |bytes\n    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\nvinternal_1: 180 3 0 0 0 0 0 0 254 4 0 0 0 0 0 0\n");
        return tree.WithProcess(1, files: 3, threads: 1).WithProcess(14, files: 5, threads: 7);
    }

    /// <summary>What <see cref="Healthy"/> says when the invocation of TV11 is over; 100 and 200 bytes went over the network.</summary>
    public ProcTree AfterInvocation() => this
        .With("stat", "cpu  20 0 17 113 0 0 0 0 0 0\ncpu0 9 0 8 57 0\ncpu1 11 0 9 60 0\nintr 13 0 4\n")
        .With("uptime", "1891.90 3000.70\n")
        .With("net/dev", "vinternal_1: 280 3 0 0 0 0 0 0 454 4 0 0 0 0 0 0\n");

    public ProcTree With(string path, string text)
    {
        string file = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return this;
    }

    public ProcTree With(string path, byte[] content)
    {
        With(path, "");
        File.WriteAllBytes(Path.Combine(Root, path), content);
        return this;
    }

    public ProcTree Without(string path)
    {
        string full = Path.Combine(Root, path);
        if (Directory.Exists(full))
        {
            Directory.Delete(full, recursive: true);
        }
        else
        {
            File.Delete(full);
        }

        return this;
    }

    /// <summary>Adds a process, or sets what it has.</summary>
    public ProcTree WithProcess(int id, int files, int threads, string? limits = null)
    {
        if (Directory.Exists(Path.Combine(Root, $"{id}")))
        {
            Without($"{id}");
        }

        Directory.CreateDirectory(Path.Combine(Root, $"{id}/fd"));
        for (int file = 0; file < files; file++)
        {
            With($"{id}/fd/{file}", "");
        }

        for (int thread = 0; thread < threads; thread++)
        {
            Directory.CreateDirectory(Path.Combine(Root, $"{id}/task/{id + thread}"));
        }

        return With($"{id}/limits", limits ?? Limits("1024", "1024"));
    }

    /// <summary>A <c>limits</c> file as the kernel writes it.</summary>
    public static string Limits(string openFiles, string processes) =>
        $"""
        Limit                     Soft Limit           Hard Limit           Units     
        Max cpu time              unlimited            unlimited            seconds   
        Max processes             {processes,-20} 1024                 processes 
        Max open files            {openFiles,-20} 1024                 files     
        Max locked memory         67108864             67108864             bytes     

        """;

    public void Dispose() => _directory.Delete(recursive: true);
}
