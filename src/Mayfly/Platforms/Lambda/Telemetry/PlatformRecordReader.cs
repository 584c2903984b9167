using System.Text;
using System.Text.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>Reads the <c>record</c> object of a platform record. A field of another type than expected is as if it were not there.</summary>
internal ref struct PlatformRecordReader
{
    /// <summary>The platform sends at most a handful; more are ignored.</summary>
    private const int MaxSpans = 32;

    private readonly Span<byte> _json;
    private Utf8JsonReader _reader;

    /// <param name="json">An object that a reader has accepted already; texts are unescaped in place.</param>
    /// <param name="options">The options it was accepted with.</param>
    private PlatformRecordReader(Span<byte> json, JsonReaderOptions options)
    {
        _json = json;
        _reader = new Utf8JsonReader(json, options);
    }

    /// <inheritdoc cref="PlatformRecordReader(Span{byte}, JsonReaderOptions)"/>
    public static PlatformRecord Read(Span<byte> json, JsonReaderOptions options)
    {
        var record = new PlatformRecord();
        new PlatformRecordReader(json, options).ReadFields(record);
        return record;
    }

    private void ReadFields(PlatformRecord record)
    {
        _reader.Read();
        while (NextMember(out ReadOnlySpan<byte> name))
        {
            if (_reader.TokenType == JsonTokenType.String)
            {
                ReadText(record, name);
            }
            else if (_reader.TokenType == JsonTokenType.StartObject && name.SequenceEqual("metrics"u8))
            {
                ReadMetrics(record);
            }
            else if (_reader.TokenType == JsonTokenType.StartArray && name.SequenceEqual("spans"u8))
            {
                record.Spans = ReadSpans();
            }
            else if (name.SequenceEqual("droppedRecords"u8))
            {
                record.DroppedRecords = Integer();
            }
            else if (name.SequenceEqual("droppedBytes"u8))
            {
                record.DroppedBytes = Integer();
            }

            _reader.Skip();
        }
    }

    private void ReadText(PlatformRecord record, ReadOnlySpan<byte> name)
    {
        switch (name.Length)
        {
            case 5 when name.SequenceEqual("phase"u8):
                record.Phase = _reader.ValueSpan.SequenceEqual("init"u8) ? InitPhase.Init
                    : _reader.ValueSpan.SequenceEqual("invoke"u8) ? InitPhase.Invoke
                    : InitPhase.Unknown;
                break;
            case 6 when name.SequenceEqual("status"u8):
                record.Status = Status(_reader.ValueSpan);
                break;
            case 6 when name.SequenceEqual("reason"u8):
                record.Reason = Text();
                break;
            case 7 when name.SequenceEqual("version"u8):
                record.Version = Text();
                break;
            case 8 when name.SequenceEqual("tenantId"u8):
                record.TenantId = Text();
                break;
            case 9 when name.SequenceEqual("requestId"u8):
                record.RequestId = Text();
                break;
            case 9 when name.SequenceEqual("errorType"u8):
                record.ErrorType = Text();
                break;
            case 11 when name.SequenceEqual("functionArn"u8):
                record.FunctionArn = Text();
                break;
            case 14 when name.SequenceEqual("runtimeVersion"u8):
                record.RuntimeVersion = Text();
                break;
            case 17 when name.SequenceEqual("runtimeVersionArn"u8):
                record.RuntimeVersionArn = Text();
                break;
            case 18 when name.SequenceEqual("initializationType"u8):
                record.InitializationType = Text();
                break;
        }
    }

    private void ReadMetrics(PlatformRecord record)
    {
        while (NextMember(out ReadOnlySpan<byte> name))
        {
            switch (name.Length)
            {
                case 10 when name.SequenceEqual("durationMs"u8):
                    record.DurationMs = Number();
                    break;
                case 12 when name.SequenceEqual("memorySizeMB"u8):
                    record.MemorySizeMB = Integer();
                    break;
                case 13 when name.SequenceEqual("producedBytes"u8):
                    record.ProducedBytes = Integer();
                    break;
                case 14 when name.SequenceEqual("initDurationMs"u8):
                    record.InitDurationMs = Number();
                    break;
                case 15 when name.SequenceEqual("maxMemoryUsedMB"u8):
                    record.MaxMemoryUsedMB = Integer();
                    break;
                case 16 when name.SequenceEqual("billedDurationMs"u8):
                    record.BilledDurationMs = Number();
                    break;
                case 17 when name.SequenceEqual("restoreDurationMs"u8):
                    record.RestoreDurationMs = Number();
                    break;
                case 23 when name.SequenceEqual("billedRestoreDurationMs"u8):
                    record.BilledRestoreDurationMs = Number();
                    break;
            }

            _reader.Skip();
        }
    }

    private List<PlatformSpan> ReadSpans()
    {
        var spans = new List<PlatformSpan>();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            if (_reader.TokenType == JsonTokenType.StartObject && ReadSpan() is { } span && spans.Count < MaxSpans)
            {
                spans.Add(span);
            }

            _reader.Skip();
        }

        return spans;
    }

    private PlatformSpan? ReadSpan()
    {
        string? spanName = null;
        long startNs = 0;
        double durationMs = 0;
        while (NextMember(out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("durationMs"u8))
            {
                durationMs = Number() ?? 0;
            }
            else if (_reader.TokenType == JsonTokenType.String && name.SequenceEqual("name"u8))
            {
                spanName = Text();
            }
            else if (_reader.TokenType == JsonTokenType.String && name.SequenceEqual("start"u8))
            {
                Rfc3339.TryParse(_reader.ValueSpan, out startNs);
            }

            _reader.Skip();
        }

        return spanName is null ? null : new PlatformSpan(spanName, startNs, durationMs);
    }

    /// <summary>Moves to the value of the next member; false at the end of the object.</summary>
    private bool NextMember(out ReadOnlySpan<byte> name)
    {
        name = default;
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.PropertyName)
        {
            return false;
        }

        name = _reader.ValueSpan;
        return _reader.Read();
    }

    /// <summary>The text at the reader; not to be called where the token is no string.</summary>
    private readonly string Text()
    {
        Span<byte> text = _json.Slice((int)_reader.TokenStartIndex + 1, _reader.ValueSpan.Length);
        return Encoding.UTF8.GetString(text[..JsonUnescape.ToText(text)]);
    }

    private readonly double? Number() =>
        _reader.TokenType == JsonTokenType.Number && _reader.TryGetDouble(out double value) && double.IsFinite(value) ? value : null;

    /// <summary>A whole number; 2600.0 is one too.</summary>
    private readonly long? Integer() => Number() is { } value and > -9e18 and < 9e18 ? (long)value : null;

    private static PlatformStatus Status(ReadOnlySpan<byte> text) => text.Length switch
    {
        5 when text.SequenceEqual("error"u8) => PlatformStatus.Error,
        7 when text.SequenceEqual("success"u8) => PlatformStatus.Success,
        7 when text.SequenceEqual("failure"u8) => PlatformStatus.Failure,
        7 when text.SequenceEqual("timeout"u8) => PlatformStatus.Timeout,
        _ => PlatformStatus.Unknown,
    };
}
