namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>The highest figures that samples have shown; 0 = no sample had that figure.</summary>
internal struct UsagePeaks
{
    /// <summary>Files that all processes of the sandbox have open.</summary>
    public long OpenFiles { get; set; }

    /// <summary>Threads of all processes of the sandbox.</summary>
    public long Threads { get; set; }

    /// <summary>The fullest that the temporary directory was.</summary>
    public TmpSpace Tmp { get; set; }

    /// <summary>Takes over each figure that is higher in <paramref name="sample"/>.</summary>
    public void RaiseTo(in UsagePeaks sample)
    {
        OpenFiles = Math.Max(OpenFiles, sample.OpenFiles);
        Threads = Math.Max(Threads, sample.Threads);
        Tmp = sample.Tmp.Used > Tmp.Used ? sample.Tmp : Tmp;
    }
}
