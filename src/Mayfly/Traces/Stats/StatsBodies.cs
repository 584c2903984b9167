using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>
/// ClientStatsPayload messages between two flushes, laid out as the StatsPayload bodies that will carry them
/// (docs/spec/03-traces.md#43-payload-grouping-and-envelope).
/// </summary>
/// <remarks>Not thread-safe. Statistics of tracers and those that the agent computed never share a body: one flag speaks for all of it.</remarks>
internal sealed class StatsBodies(StatsSettings settings, bool isClientComputed, long limitBytes)
{
    private const string LanguagesHeader = "X-Datadog-Reported-Languages";
    private const int LongestLanguage = 32;

    private List<Body> _bodies = [];
    private long _sizeBytes;

    /// <summary>Adds a message; false, and nothing done, when there is no room left.</summary>
    /// <param name="payload">The encoded ClientStatsPayload.</param>
    /// <param name="form">Its numbers.</param>
    /// <param name="language">Of its tracer; may be empty.</param>
    public bool TryAdd(ReadOnlySpan<byte> payload, in EncodedStats form, string language)
    {
        if (payload.Length > limitBytes - _sizeBytes)
        {
            return false;
        }

        if (_bodies.Count == 0 || !_bodies[^1].HasRoomFor(payload.Length, form.Groups))
        {
            _bodies.Add(new Body(settings.Env));
        }

        _bodies[^1].Add(payload, form, language);
        _sizeBytes += payload.Length;
        return true;
    }

    /// <summary>Hands everything over as finished bodies.</summary>
    public void Take(List<IntakePayload> payloads)
    {
        foreach (Body body in _bodies)
        {
            payloads.Add(new IntakePayload(Signal.Stats, IntakeKind.Stats, body.Finish(settings.AgentVersion, isClientComputed), body.Units)
            {
                Headers = body.Languages.Count == 0 ? [] : [new(LanguagesHeader, string.Join('|', body.Languages))],
            });
        }

        _bodies = [];
        _sizeBytes = 0;
    }

    /// <summary>A language name that may stand in a header and in a list; tracers' are short words.</summary>
    private static bool IsLanguage(string text) =>
        text.Length is > 0 and <= LongestLanguage && text.All(static sign => char.IsAsciiLetterOrDigit(sign) || sign is '.' or '#' or '+' or '-' or '_');

    private sealed class Body
    {
        private readonly PooledBuffer _bytes = PooledBuffer.Rent(4096);
        private readonly int _mark;
        private int _payloads;
        private int _groups;
        private bool _isSplit;

        public Body(string env)
        {
            var encoder = new MsgPackEncoder(_bytes);
            encoder.MapHead(6);
            encoder.Text("AgentHostname"u8);
            encoder.Text(""u8);
            encoder.Text("AgentEnv"u8);
            encoder.Text(env);
            encoder.Text("Stats"u8);
            _mark = encoder.BeginArray();
        }

        public long Units { get; private set; }

        public SortedSet<string> Languages { get; } = new(StringComparer.Ordinal);

        public bool HasRoomFor(int sizeBytes, int groups) =>
            _groups + groups <= ClientPayloadWriter.MaxGroups && _bytes.Length + sizeBytes <= ClientPayloadWriter.MaxBytes;

        public void Add(ReadOnlySpan<byte> payload, in EncodedStats form, string language)
        {
            _bytes.Write(payload);
            _payloads++;
            _groups += form.Groups;
            _isSplit |= form.IsPart;
            Units += form.Units;
            if (IsLanguage(language))
            {
                Languages.Add(language);
            }
        }

        /// <summary>Adds the closing fields; the buffer is the caller's from now on.</summary>
        public PooledBuffer Finish(string agentVersion, bool isClientComputed)
        {
            var encoder = new MsgPackEncoder(_bytes);
            encoder.SetCount(_mark, _payloads);
            encoder.Text("AgentVersion"u8);
            encoder.Text(agentVersion);
            encoder.Text("ClientComputed"u8);
            encoder.Bool(isClientComputed);
            encoder.Text("SplitPayload"u8);
            encoder.Bool(_isSplit);
            return _bytes;
        }
    }
}
