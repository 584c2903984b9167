using System.Text;
using Mayfly.Config;
using Mayfly.Patterns;
using Mayfly.Wire;

namespace Mayfly.Traces.Obfuscation;

/// <summary>
/// Changes tags by the rules of <c>DD_APM_REPLACE_TAGS</c>, in their order. Rules go in, spans are changed in place; new texts live in the request's arena.
/// Thread-safe.
/// </summary>
/// <remarks>
/// docs/spec/03-traces.md#37-tag-replacement-dd_apm_replace_tags. A number that a rule changes stays one if it reads as one, else it becomes a text. A text
/// that would take too long, or that the arena has no room for, becomes <c>?</c>.
/// </remarks>
public sealed class TagReplacer
{
    private readonly Rule[] _rules;
    private readonly ObfuscatedText _texts = new();

    public TagReplacer(IReadOnlyList<ReplaceRule> rules) => _rules = [.. rules.Select(static rule => new Rule(rule))];

    /// <summary>Applies the rules to the spans of one request.</summary>
    public void Replace(ReadOnlySpan<Span> spans, TextArena arena)
    {
        if (_rules.Length == 0)
        {
            return;
        }

        ObfuscatedText.Maker maker = _texts.Begin(arena);
        foreach (Span span in spans)
        {
            foreach (Rule rule in _rules)
            {
                rule.Apply(span, maker);
            }
        }

        _texts.End(maker);
    }

    /// <summary>One rule, ready to be applied.</summary>
    private sealed class Rule(ReplaceRule rule)
    {
        private readonly byte[] _key = Encoding.UTF8.GetBytes(rule.Name);
        private readonly bool _isForAll = rule.Name == "*";
        private readonly bool _isForResourceOnly = rule.Name == "resource.name";

        public void Apply(Span span, ObfuscatedText.Maker maker)
        {
            if (_isForAll || _isForResourceOnly)
            {
                span.Resource = Apply(span.Resource, maker);
            }

            if (!_isForResourceOnly)
            {
                ApplyToTags(span, maker);
                ApplyToMetrics(span, maker);
                if (span.HasExtras)
                {
                    ApplyToEvents(span, maker);
                }
            }
        }

        /// <summary>Tags of the tracer itself begin with an underscore; <c>*</c> leaves them alone.</summary>
        private bool IsFor(ReadOnlySpan<byte> key) => _isForAll ? !key.StartsWith("_"u8) : key.SequenceEqual(_key);

        private void ApplyToTags(Span span, ObfuscatedText.Maker maker)
        {
            if (!_isForAll && !span.Meta.Contains(_key))
            {
                return;
            }

            for (int i = 0; i < span.Meta.Count; i++)
            {
                SpanMapEntry<Utf8Slice> entry = span.Meta.Entries[i];
                if (IsFor(entry.Key.Span))
                {
                    span.Meta.Replace(i, entry.Key, Apply(entry.Value, maker));
                }
            }
        }

        private void ApplyToMetrics(Span span, ObfuscatedText.Maker maker)
        {
            Span<byte> room = stackalloc byte[PlainNumber.LongestBytes];
            for (int i = 0; i < span.Metrics.Count; i++)
            {
                SpanMapEntry<double> metric = span.Metrics.Entries[i];
                if (!IsFor(metric.Key.Span) || !TryApply(PlainNumber.Format(metric.Value, room), maker))
                {
                    continue;
                }

                if (PlainNumber.TryRead(maker.Buffer.WrittenSpan, out double number))
                {
                    span.Metrics.Replace(i, metric.Key, number);
                    maker.Buffer.Clear();
                    continue;
                }

                span.Meta.Set(metric.Key, maker.Keep(default));
                span.Metrics.Remove(metric.Key.Span);
                i--;
            }
        }

        private void ApplyToEvents(Span span, ObfuscatedText.Maker maker)
        {
            foreach (ref EventAttribute attribute in span.EventAttributes.Items)
            {
                if (!IsFor(attribute.Key.Span))
                {
                    continue;
                }

                if (attribute.Type != EventAttributeType.Array)
                {
                    Apply(ref attribute, maker);
                    continue;
                }

                foreach (ref EventAttribute element in span.EventElements.Items.Slice(attribute.FirstElement, attribute.ElementCount))
                {
                    Apply(ref element, maker);
                }
            }
        }

        private void Apply(ref EventAttribute value, ObfuscatedText.Maker maker)
        {
            if (value.Type == EventAttributeType.Text)
            {
                value.Text = Apply(value.Text, maker);
                return;
            }

            Span<byte> room = stackalloc byte[PlainNumber.LongestBytes];
            ReadOnlySpan<byte> text = value.Type switch
            {
                EventAttributeType.Boolean => value.Boolean ? "true"u8 : "false"u8,
                EventAttributeType.Integer => PlainNumber.Format(value.Integer, room),
                _ => PlainNumber.Format(value.Double, room),
            };
            if (TryApply(text, maker))
            {
                value = Typed(value.Key, maker);
            }
        }

        /// <summary>What the buffer holds, with the type that it reads as.</summary>
        private static EventAttribute Typed(Utf8Slice key, ObfuscatedText.Maker maker)
        {
            ReadOnlySpan<byte> text = maker.Buffer.WrittenSpan;
            bool isTrue = text.SequenceEqual("true"u8);
            EventAttribute value = PlainNumber.TryRead(text, out long integer) ? new() { Key = key, Type = EventAttributeType.Integer, Integer = integer }
                : PlainNumber.TryRead(text, out double number) ? new() { Key = key, Type = EventAttributeType.Double, Double = number }
                : isTrue || text.SequenceEqual("false"u8) ? new() { Key = key, Type = EventAttributeType.Boolean, Boolean = isTrue }
                : new() { Key = key, Type = EventAttributeType.Text, Text = maker.Keep(default) };
            maker.Buffer.Clear();
            return value;
        }

        private Utf8Slice Apply(Utf8Slice text, ObfuscatedText.Maker maker) => TryApply(text.Span, maker) ? maker.Keep(text) : text;

        /// <summary>The changed text is in the buffer; false: the text does not change.</summary>
        private bool TryApply(ReadOnlySpan<byte> text, ObfuscatedText.Maker maker)
        {
            PatternOutcome outcome = rule.Pattern.Replace(text, rule.Replacement, maker.Buffer);
            if (outcome == PatternOutcome.GaveUp)
            {
                maker.Buffer.Write(ObfuscatedText.Hidden.Span);
            }

            return outcome != PatternOutcome.NoMatch;
        }
    }
}
