namespace Mayfly;

/// <summary>What this build is called.</summary>
public static class BuildInfo
{
    /// <summary>Version of the agent; the same number as <c>Version</c> in Directory.Build.props, which a test compares.</summary>
    public const string Version = "0.1.0";

    /// <summary><c>User-Agent</c> of everything the agent sends.</summary>
    public const string UserAgent = "mayfly/" + Version;
}
