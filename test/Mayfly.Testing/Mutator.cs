namespace Mayfly.Testing;

/// <summary>Damages bytes the way broken clients and networks do; the same seed damages them the same way.</summary>
public sealed class Mutator(int seed)
{
    private const int MostSteps = 4;
    private static readonly byte[] Interesting = [0x00, 0x01, 0x7f, 0x80, 0x90, 0xc1, 0xdd, 0xdf, 0xff, (byte)'"', (byte)'{', (byte)'|', (byte)':', (byte)'\n'];

    private readonly Random _random = new(seed);

    public int Next(int limit) => _random.Next(limit);

    /// <summary>One to four steps: a bit, a byte, a length, a piece lost, doubled, put in or cut off.</summary>
    public byte[] Mutate(ReadOnlySpan<byte> original)
    {
        List<byte> bytes = [.. original];
        for (int steps = 1 + _random.Next(MostSteps); steps > 0; steps--)
        {
            Step(bytes);
        }

        return [.. bytes];
    }

    private void Step(List<byte> bytes)
    {
        if (bytes.Count == 0)
        {
            bytes.Add((byte)_random.Next(256));
            return;
        }

        int at = _random.Next(bytes.Count);
        int length = 1 + _random.Next(Math.Min(64, bytes.Count - at));
        switch (_random.Next(8))
        {
            case 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes[at] = Interesting[_random.Next(Interesting.Length)];
                break;
            case 3:
                for (int i = at; i < Math.Min(at + 4, bytes.Count); i++)
                {
                    bytes[i] = 0xff;
                }

                break;
            case 4:
                bytes.RemoveRange(at, length);
                break;
            case 5:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 6:
                byte[] noise = new byte[length];
                _random.NextBytes(noise);
                bytes.InsertRange(at, noise);
                break;
            default:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
        }
    }
}
