using System.Text;

namespace Mayfly.Patterns;

/// <summary>
/// The characters, in classes: those of one class are in the same of some sets, so that nothing that asks for these sets can tell them apart.
/// Not thread-safe: classes beyond ASCII are made as texts need them.
/// </summary>
internal sealed class RunePartition
{
    /// <summary>The end of the text: in no set.</summary>
    public const int End = 0;

    /// <summary>Classes beyond those of ASCII.</summary>
    private const int SpareClasses = 24;

    private readonly IReadOnlyList<RuneSet> _sets;
    private readonly byte[] _ascii = new byte[128];
    private readonly List<bool[]> _members = [];
    private readonly Dictionary<string, byte> _classBySignature = [];
    private readonly (int Rune, byte Class)[] _recent = new (int, byte)[64];

    public RunePartition(IReadOnlyList<RuneSet> sets)
    {
        _sets = sets;
        _members.Add(new bool[sets.Count]);
        Limit = byte.MaxValue;
        for (int rune = 0; rune < _ascii.Length; rune++)
        {
            _ascii[rune] = (byte)Math.Max(ClassOf(rune), 0);
        }

        Limit = Math.Min(byte.MaxValue, _members.Count + SpareClasses);
        Array.Fill(_recent, (-1, (byte)0));
    }

    /// <summary>Classes are numbers below this.</summary>
    public int Limit { get; }

    /// <summary>Class of each ASCII character.</summary>
    public ReadOnlySpan<byte> Ascii => _ascii;

    public bool IsIn(int @class, int set) => _members[@class][set];

    /// <summary>The class of the character at <paramref name="at"/>, or <see cref="End"/>; −1: there are too many classes.</summary>
    public int ClassAt(ReadOnlySpan<byte> text, int at, out int width)
    {
        width = 1;
        if (at == text.Length)
        {
            return End;
        }

        if (text[at] < 0x80)
        {
            return _ascii[text[at]];
        }

        Rune.DecodeFromUtf8(text[at..], out Rune rune, out width);
        ref (int Rune, byte Class) recent = ref _recent[rune.Value % _recent.Length];
        if (recent.Rune != rune.Value)
        {
            int found = ClassOf(rune.Value);
            if (found < 0)
            {
                return found;
            }

            recent = (rune.Value, (byte)found);
        }

        return recent.Class;
    }

    private int ClassOf(int rune)
    {
        string signature = string.Create(_sets.Count, (_sets, rune), static (key, known) =>
        {
            for (int set = 0; set < key.Length; set++)
            {
                key[set] = known._sets[set].Contains(known.rune) ? '1' : '0';
            }
        });
        if (!_classBySignature.TryGetValue(signature, out byte found))
        {
            if (_members.Count == Limit)
            {
                return -1;
            }

            found = (byte)_members.Count;
            _members.Add([.. signature.Select(static c => c == '1')]);
            _classBySignature.Add(signature, found);
        }

        return found;
    }
}
