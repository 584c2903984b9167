using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Patterns;
using Mayfly.Wire;
using LogLevel = Mayfly.Diagnostics.LogLevel;

namespace Mayfly.Logs;

/// <summary>
/// The user's rules for log messages: which are left out, and what is masked in the others. In order; the first one that leaves a message out ends it, and
/// masks feed the rules after them.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#c9-processing-rules. Linear in the message whatever the patterns. Thread-safe.</remarks>
public sealed class ProcessingRules
{
    private readonly LogRule[] _rules;
    private readonly Log _log;
    private RuleScratch? _scratch;

    private ProcessingRules(LogRule[] rules, bool dropsTruncated, Log log)
    {
        _rules = rules;
        DropsTruncated = dropsTruncated;
        _log = log;
    }

    /// <summary>Events that were cut because they are too long are left out.</summary>
    public bool DropsTruncated { get; }

    /// <summary>Null: none of the rules has an effect on messages, and messages need not come here.</summary>
    public static ProcessingRules? From(IReadOnlyList<LogRule> rules, Log log)
    {
        LogRule[] ofTexts = [.. rules.Where(static rule => rule.Kind is LogRuleKind.ExcludeAtMatch or LogRuleKind.IncludeAtMatch or LogRuleKind.MaskSequences)];
        bool dropsTruncated = rules.Any(static rule => rule.Kind == LogRuleKind.ExcludeTruncated);
        return ofTexts.Length > 0 || dropsTruncated ? new ProcessingRules(ofTexts, dropsTruncated, log) : null;
    }

    /// <summary>False: the message is left out.</summary>
    /// <param name="message">UTF-8 text.</param>
    /// <param name="scratch">Rented from here; <paramref name="masked"/> may lie in it.</param>
    /// <param name="masked">The message as it is to be sent.</param>
    internal bool Keeps(ReadOnlySpan<byte> message, RuleScratch scratch, out ReadOnlySpan<byte> masked)
    {
        masked = message;
        foreach (LogRule rule in _rules)
        {
            if (rule.Kind == LogRuleKind.MaskSequences)
            {
                masked = Mask(masked, rule, scratch);
            }
            else if (rule.Pattern!.IsMatch(masked) == (rule.Kind == LogRuleKind.ExcludeAtMatch))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Two buffers for one message; give them back with <see cref="Return"/>.</summary>
    internal RuleScratch RentScratch() => Interlocked.Exchange(ref _scratch, null) ?? new RuleScratch();

    internal void Return(RuleScratch scratch)
    {
        scratch.Shrink();
        _scratch = scratch;
    }

    private ReadOnlySpan<byte> Mask(ReadOnlySpan<byte> text, LogRule rule, RuleScratch scratch)
    {
        PooledBuffer output = scratch.Next();
        switch (rule.Pattern!.Replace(text, rule.Replacement!, output))
        {
            case PatternOutcome.NoMatch:
                return text;
            case PatternOutcome.Replaced:
                return output.WrittenSpan;
            default:
                // What was to be hidden may be anywhere in it.
                _log.Once(
                    $"log rule {rule.Name} gave up",
                    LogLevel.Error,
                    $"Log processing rule {rule.Name} takes too long on some messages, which are sent without their text. "
                    + $"Simplify its pattern: {rule.Pattern.Text}");
                output.Clear();
                output.Write(Encoding.UTF8.GetBytes($"[message withheld: log processing rule {rule.Name} takes too long on it]"));
                return output.WrittenSpan;
        }
    }
}

/// <summary>Where masked messages are written: two buffers in turn, as each mask reads what the one before wrote.</summary>
internal sealed class RuleScratch
{
    private const int LargestKeptBytes = 64 * 1024;

    private PooledBuffer _one = PooledBuffer.Rent();
    private PooledBuffer _other = PooledBuffer.Rent();

    /// <summary>The buffer that was not given last, empty.</summary>
    public PooledBuffer Next()
    {
        (_one, _other) = (_other, _one);
        _one.Clear();
        return _one;
    }

    /// <summary>One long message must not cost its size for good.</summary>
    public void Shrink()
    {
        _one = Shrunk(_one);
        _other = Shrunk(_other);
    }

    private static PooledBuffer Shrunk(PooledBuffer buffer)
    {
        if (buffer.Capacity <= LargestKeptBytes)
        {
            return buffer;
        }

        buffer.Dispose();
        return PooledBuffer.Rent();
    }
}
