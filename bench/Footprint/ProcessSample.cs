namespace Mayfly.Footprint;

/// <summary>What /proc says about a running program.</summary>
/// <param name="RssBytes">VmRSS, shared pages of the executable included.</param>
/// <param name="PeakRssBytes">VmHWM: the most that RSS has been.</param>
/// <param name="AnonymousBytes">RssAnon: pages that belong to this process alone.</param>
/// <param name="Threads">Number of threads.</param>
/// <param name="CpuMs">Time all living threads have been on a CPU, from the scheduler; does not grow while another process has the CPU.</param>
internal sealed record ProcessSample(long RssBytes, long PeakRssBytes, long AnonymousBytes, int Threads, double CpuMs);
