using System.Text;

namespace Mayfly.Local.Emulator;

/// <summary>
/// Splits a process's output at line feeds. Carriage returns stay: the Node runtime client writes them in place of inner line feeds.
/// </summary>
/// <remarks>A line above <see cref="MaxLineBytes"/> is handed on in pieces. A last line without an end counts as one.</remarks>
internal sealed class LineReader(Stream input, Action<string> line)
{
    public const int MaxLineBytes = 1024 * 1024;

    private readonly MemoryStream _partial = new();

    public async Task RunAsync()
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            int read;
            while ((read = await input.ReadAsync(buffer)) > 0)
            {
                Take(buffer.AsSpan(0, read));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The pipe was closed from this side while a child still held it.
        }

        if (_partial.Length > 0)
        {
            Emit([]);
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        int end;
        while ((end = bytes.IndexOf((byte)'\n')) >= 0)
        {
            Emit(bytes[..end]);
            bytes = bytes[(end + 1)..];
        }

        _partial.Write(bytes);
        if (_partial.Length >= MaxLineBytes)
        {
            Emit([]);
        }
    }

    private void Emit(ReadOnlySpan<byte> rest)
    {
        _partial.Write(rest);
        string text = Encoding.UTF8.GetString(_partial.GetBuffer(), 0, (int)_partial.Length);
        _partial.SetLength(0);
        line(text);
    }
}
