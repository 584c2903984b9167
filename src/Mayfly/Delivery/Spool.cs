using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Delivery;

/// <summary>
/// A folder of payloads that outlive the process: the next agent of the same sandbox finds them (docs/spec/05-config.md#mayflys-own-variables). One file per
/// payload, written under another name and then renamed, readable by this user only.
/// </summary>
/// <remarks>
/// Nothing is touched before the first use. A folder that cannot be used, a full disk and a read-only one cost one line in the log and the durability of what
/// waits, nothing else. Two agents never share a folder: the second one goes without. Thread-safe as far as <see cref="PayloadStore"/> needs it.
/// </remarks>
/// <param name="folder">Created when it is first needed.</param>
/// <param name="limitBytes">All files together.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told once when it cannot be used.</param>
public sealed class Spool(string folder, long limitBytes, TimeProvider time, Log log) : IDisposable
{
    private const string Extension = ".mayfly";
    private const string Unfinished = ".tmp";
    private const UnixFileMode OwnersFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>After a failure the disk is left alone so long: it is full, and writing costs time that is billed.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private FileStream? _lock;
    private bool _isOff;
    private long? _failedAt;

    public long LimitBytes => limitBytes;

    /// <summary>True where files of an earlier agent may be: asked without creating anything.</summary>
    public bool HasFolder => !_isOff && Directory.Exists(folder);

    /// <summary>Paths of what is there, oldest first. What was left unfinished is removed.</summary>
    public IReadOnlyList<string> Files()
    {
        if (!HasFolder || !TryOpen())
        {
            return [];
        }

        try
        {
            foreach (string file in Directory.EnumerateFiles(folder, "*" + Unfinished))
            {
                Delete(file);
            }

            string[] files = Directory.GetFiles(folder, "*" + Extension);
            Array.Sort(files, StringComparer.Ordinal);
            return files;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(e);
            return [];
        }
    }

    /// <summary>The name of a new file; later ones sort behind earlier ones.</summary>
    public string PathOf(long order) => Path.Combine(folder, order.ToString("x16", System.Globalization.CultureInfo.InvariantCulture) + Extension);

    /// <summary>False: it is not on disk, for whatever reason.</summary>
    /// <param name="path">From <see cref="PathOf"/>.</param>
    /// <param name="sizeBytes">What it takes there.</param>
    internal bool TryWrite(string path, IntakePayload payload, LaneKey lane, out long sizeBytes)
    {
        sizeBytes = 0;
        if ((_failedAt is { } at && time.GetElapsedTime(at) < Pause) || !TryOpen())
        {
            return false;
        }

        string unfinished = Path.ChangeExtension(path, Unfinished);
        try
        {
            using PooledBuffer file = PooledBuffer.Rent(payload.Body.Length + 256);
            SpoolFile.Write(file, payload, lane);
            using (var stream = new FileStream(unfinished, Creating()))
            {
                stream.Write(file.WrittenSpan);
            }

            File.Move(unfinished, path, overwrite: true);
            sizeBytes = file.Length;
            _failedAt = null;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Delete(unfinished);
            Fail(e);
            return false;
        }
    }

    /// <summary>False: it is gone, or damaged.</summary>
    internal bool TryRead(string path, out SpoolHead head, out PooledBuffer? file)
    {
        head = default;
        file = null;
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(path);
            long length = RandomAccess.GetLength(handle);
            if (length > limitBytes || length > int.MaxValue / 2)
            {
                return false;
            }

            file = PooledBuffer.Rent((int)length);
            Span<byte> target = file.GetSpan((int)length)[..(int)length];
            int read = 0;
            while (read < target.Length && RandomAccess.Read(handle, target[read..], read) is > 0 and var count)
            {
                read += count;
            }

            file.Advance(read);
            if (SpoolFile.TryRead(file.WrittenSpan, out head))
            {
                return true;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Once("spool unreadable", LogLevel.Warn, $"A payload that waited in {folder} cannot be read: {e.Message}. It is counted as dropped.");
        }

        file?.Dispose();
        file = null;
        return false;
    }

    /// <summary>Nothing happens where it is gone or cannot be removed.</summary>
    public void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Once("spool undeletable", LogLevel.Warn, $"A payload in {folder} cannot be removed: {e.Message}. The next agent here may send it again.");
        }
    }

    public void Dispose() => _lock?.Dispose();

    private bool TryOpen()
    {
        lock (_gate)
        {
            if (_lock is not null || _isOff)
            {
                return _lock is not null;
            }

            try
            {
                if (OperatingSystem.IsWindows())
                {
                    Directory.CreateDirectory(folder);
                }
                else
                {
                    Directory.CreateDirectory(folder, OwnersFolder);
                }

                FileStreamOptions options = Creating();
                options.Mode = FileMode.OpenOrCreate;
                _lock = new FileStream(Path.Combine(folder, "lock"), options);
                return true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
            {
                _isOff = true;
                Fail(e);
                return false;
            }
        }
    }

    private static FileStreamOptions Creating()
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnersFile;
        }

        return options;
    }

    private void Fail(Exception e)
    {
        _failedAt = time.GetTimestamp();
        log.Once(
            "no spool",
            LogLevel.Warn,
            $"{folder} cannot be used to keep what is not delivered: {e.Message}. It is kept in memory instead, and would be lost with this process.");
    }
}
