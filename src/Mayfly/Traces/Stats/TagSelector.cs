using System.Text;
using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>Finds the tags that statistics are keyed by: one pass over a span's tags instead of one search for each of sixty keys.</summary>
/// <remarks>Immutable. A hash table of the keys with linear probing; most tags of a span hit an empty slot.</remarks>
internal sealed class TagSelector
{
    private readonly byte[][] _keys;
    private readonly short[] _slots;

    /// <param name="keys">Distinct keys; their positions are what a selection is indexed by.</param>
    public TagSelector(IReadOnlyList<string> keys)
    {
        _keys = [.. keys.Select(Encoding.UTF8.GetBytes)];
        _slots = new short[int.Max(256, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)keys.Count * 4))];
        for (int i = 0; i < _keys.Length; i++)
        {
            int slot = SlotOf(_keys[i]);
            while (_slots[slot] != 0)
            {
                slot = (slot + 1) & (_slots.Length - 1);
            }

            _slots[slot] = (short)(i + 1);
        }
    }

    /// <summary>Number of keys.</summary>
    public int Count => _keys.Length;

    public ReadOnlySpan<byte> Key(int index) => _keys[index];

    /// <summary>
    /// For each key the position of its tag in <paramref name="tags"/> plus one, or 0; of a key that occurs twice the last one, as everywhere.
    /// <paramref name="found"/> has <see cref="Count"/> elements and is empty.
    /// </summary>
    public void Select(ReadOnlySpan<SpanMapEntry<Utf8Slice>> tags, Span<int> found)
    {
        for (int i = 0; i < tags.Length; i++)
        {
            ReadOnlySpan<byte> key = tags[i].Key.Span;
            int slot = SlotOf(key);
            for (int known = _slots[slot]; known != 0; known = _slots[slot])
            {
                if (key.SequenceEqual(_keys[known - 1]))
                {
                    found[known - 1] = i + 1;
                    break;
                }

                slot = (slot + 1) & (_slots.Length - 1);
            }
        }
    }

    /// <summary>Length and three characters tell the keys that occur apart; who sends others on purpose makes a pass a few times slower.</summary>
    private int SlotOf(ReadOnlySpan<byte> key) =>
        key.IsEmpty ? 0 : (key.Length * 31 + key[0] * 7 + key[key.Length >> 1] * 13 + key[^1] * 57) & (_slots.Length - 1);
}
