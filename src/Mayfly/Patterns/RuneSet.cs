using System.Globalization;
using System.Text;

namespace Mayfly.Patterns;

/// <summary>A set of code points: ASCII as a bit map, the rest as ranges, general categories and nested sets. Immutable.</summary>
internal sealed class RuneSet
{
    private readonly (int First, int Last)[] _ranges;
    private readonly uint _categories;
    private readonly RuneSet[] _nested;
    private readonly bool _isNegated;
    private readonly bool _ignoresCase;
    private readonly ulong _low;
    private readonly ulong _high;

    /// <param name="ranges">Inclusive.</param>
    /// <param name="categories">Bit n: all code points of the <see cref="UnicodeCategory"/> n.</param>
    /// <param name="isNegated">The set is everything else; letter case is looked at before that.</param>
    public RuneSet((int First, int Last)[] ranges, uint categories = 0, RuneSet[]? nested = null, bool isNegated = false, bool ignoresCase = false)
    {
        _ranges = ranges;
        _categories = categories;
        _nested = nested ?? [];
        _isNegated = isNegated;
        _ignoresCase = ignoresCase;
        for (int i = 0; i < 64; i++)
        {
            _low |= Evaluate(i) ? 1UL << i : 0;
            _high |= Evaluate(i + 64) ? 1UL << i : 0;
        }
    }

    public static RuneSet Of(int rune, bool ignoresCase) => new([(rune, rune)], ignoresCase: ignoresCase);

    /// <summary>The set without <paramref name="set"/>.</summary>
    public static RuneSet Not(RuneSet set) => new([], nested: [set], isNegated: true);

    /// <summary>False: certainly ASCII only.</summary>
    public bool MayHoldNonAscii =>
        _isNegated || _ignoresCase || _categories != 0 || _ranges.Any(static range => range.Last >= 128) || _nested.Any(static set => set.MayHoldNonAscii);

    public bool Contains(int rune) => rune < 128 ? ((rune < 64 ? _low : _high) >> (rune & 63) & 1) != 0 : Evaluate(rune);

    private bool Evaluate(int rune) => _isNegated ^ (Has(rune) || (_ignoresCase && HasOtherCase(rune)));

    private bool HasOtherCase(int rune)
    {
        if (!Rune.IsValid(rune))
        {
            return false;
        }

        var value = new Rune(rune);
        return Has(Rune.ToLowerInvariant(value).Value) || Has(Rune.ToUpperInvariant(value).Value);
    }

    private bool Has(int rune)
    {
        foreach ((int first, int last) in _ranges)
        {
            if (rune >= first && rune <= last)
            {
                return true;
            }
        }

        if (_categories != 0 && Rune.IsValid(rune) && (_categories >> (int)Rune.GetUnicodeCategory(new Rune(rune)) & 1) != 0)
        {
            return true;
        }

        foreach (RuneSet set in _nested)
        {
            if (set.Contains(rune))
            {
                return true;
            }
        }

        return false;
    }
}
