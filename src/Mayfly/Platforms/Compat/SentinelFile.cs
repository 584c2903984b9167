using Mayfly.Diagnostics;

namespace Mayfly.Platforms.Compat;

/// <summary>
/// The file by which a Node tracer on AWS Lambda Lite learns that it can send to a local agent. Whoever sees it can connect: it is there only while the trace
/// agent listens.
/// </summary>
/// <remarks>docs/spec/06-compat-and-init.md#a132-requirements-from-the-pull-request-completed. A failure is one line in the log and nothing else.</remarks>
public sealed class SentinelFile(string path, Log log)
{
    /// <summary>Where tracers look: once, when they start.</summary>
    public const string UsualPath = "/tmp/datadog/mini_agent_ready";

    /// <summary>Says that the agent listens. The file appears whole, and what a link of that name points to stays as it is.</summary>
    public void Write()
    {
        string temporary = $"{path}.{Environment.ProcessId}";
        try
        {
            MakeDirectory();
            File.Delete(temporary);
            using (new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                // Empty.
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Error(
                $"The file {path} cannot be written ({e.Message}). The agent works, but Node tracers do not know of it: they write their traces to standard "
                + "output, where nobody collects them. Make the folder writable, or set DD_TRACE_AGENT_URL=http://127.0.0.1:8126 for the program.");
        }
    }

    /// <summary>Takes back what this agent, or one before it, has said. True: there was a file, and it is gone.</summary>
    public bool Remove()
    {
        try
        {
            bool exists = File.Exists(path);
            if (exists)
            {
                File.Delete(path);
            }

            return exists;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Warn($"The file {path} cannot be removed ({e.Message}). Node tracers that start now send their traces to an agent that is not there.");
            return false;
        }
    }

    private void MakeDirectory()
    {
        string directory = Path.GetDirectoryName(path)!;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
            Directory.CreateDirectory(directory, Mode);
        }
    }
}
