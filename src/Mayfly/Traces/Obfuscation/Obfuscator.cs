using System.Text;
using Mayfly.Config;
using Mayfly.Traces.Obfuscation.Redis;
using Mayfly.Traces.Obfuscation.Sql;
using Mayfly.Wire;

namespace Mayfly.Traces.Obfuscation;

/// <summary>
/// Hides in spans what may be secret: values in queries, commands and URLs, card numbers, stack traces on request. Settings go in, spans are changed in place;
/// new texts live in the request's arena. Thread-safe.
/// </summary>
/// <remarks>
/// docs/spec/03-traces.md#38-obfuscation. Linear in the texts, whatever they are; a span that needs nothing costs a glance at its tags. Where the arena has no
/// more room, a text becomes <c>?</c>: nothing leaves that was not looked at.
/// </remarks>
public sealed class Obfuscator
{
    private static readonly Utf8Slice SqlQuery = Utf8Slice.From("sql.query");
    private static readonly Utf8Slice SqlTables = Utf8Slice.From("sql.tables");
    private static readonly Utf8Slice NotParsable = Utf8Slice.Copy(SqlObfuscator.NotParsable);

    private readonly ObfuscationSettings _settings;
    private readonly CardTags _cards;
    private readonly JsonObfuscator _mongoDb;
    private readonly JsonObfuscator _elasticsearch;
    private readonly JsonObfuscator _openSearch;
    private readonly ObfuscatedText _texts = new();
    private readonly SqlStatementCache? _statements;

    public Obfuscator(ObfuscationSettings settings)
    {
        _settings = settings;
        _cards = new CardTags(settings.TagsWithoutCards);
        _mongoDb = new JsonObfuscator(settings.MongoDb, settings.Sql);
        _elasticsearch = new JsonObfuscator(settings.Elasticsearch, settings.Sql);
        _openSearch = new JsonObfuscator(settings.OpenSearch, settings.Sql);
        _statements = settings.Sql.CollectsTableNames ? null : new SqlStatementCache();
    }

    private static ReadOnlySpan<byte> ErrorStack => "error.stack"u8;

    /// <summary>A way to hide something in one text.</summary>
    private enum Target
    {
        Url,
        RedisCommand,
        ValkeyCommand,
        MemcachedCommand,
        MongoDbQuery,
        ElasticsearchBody,
        OpenSearchBody,
    }

    /// <summary>True for a tag that is hidden by some setting, in a span of any type. None of those that spans share is.</summary>
    public static bool MayHide(SpanMapEntry<Utf8Slice> tag) =>
        tag.Key.SequenceEqual(ErrorStack) || (CardNumber.MayBe(tag.Value.Span) && CardTags.Known.MayHold(tag.Key.Span));

    /// <summary>Obfuscates the spans of one request.</summary>
    public void Obfuscate(ReadOnlySpan<Span> spans, TextArena arena)
    {
        ObfuscatedText.Maker maker = _texts.Begin(arena);
        foreach (Span span in spans)
        {
            HideAnywhere(span);
            HideByType(span, maker);
        }

        _texts.End(maker);
    }

    private void HideByType(Span span, ObfuscatedText.Maker maker)
    {
        ReadOnlySpan<byte> type = span.Type.Span;
        if (type.SequenceEqual("web"u8) || type.SequenceEqual("http"u8))
        {
            HideTag(span, "http.url"u8, Target.Url, maker);
        }
        else if (type.SequenceEqual("sql"u8) || type.SequenceEqual("cassandra"u8))
        {
            HideSql(span, maker);
        }
        else if (type.SequenceEqual("redis"u8))
        {
            Quantize(span, maker);
            HideTag(span, "redis.raw_command"u8, Target.RedisCommand, maker);
        }
        else if (type.SequenceEqual("valkey"u8))
        {
            Quantize(span, maker);
            HideTag(span, "valkey.raw_command"u8, Target.ValkeyCommand, maker);
        }
        else if (type.SequenceEqual("memcached"u8))
        {
            HideTag(span, "memcached.command"u8, Target.MemcachedCommand, maker);
        }
        else if (type.SequenceEqual("mongodb"u8))
        {
            HideTag(span, "mongodb.query"u8, Target.MongoDbQuery, maker);
        }
        else if (type.SequenceEqual("elasticsearch"u8) || type.SequenceEqual("opensearch"u8))
        {
            HideTag(span, "elasticsearch.body"u8, Target.ElasticsearchBody, maker);
            HideTag(span, "opensearch.body"u8, Target.OpenSearchBody, maker);
        }
    }

    /// <summary>A key that a tracer sent twice is hidden twice.</summary>
    private void HideTag(Span span, ReadOnlySpan<byte> key, Target target, ObfuscatedText.Maker maker)
    {
        for (int i = 0; span.Meta.Contains(key) && i < span.Meta.Count; i++)
        {
            SpanMapEntry<Utf8Slice> entry = span.Meta.Entries[i];
            if (!entry.Value.IsEmpty && entry.Key.SequenceEqual(key))
            {
                span.Meta.Replace(i, entry.Key, Hide(entry.Value, target, maker));
            }
        }
    }

    private Utf8Slice Hide(Utf8Slice text, Target target, ObfuscatedText.Maker maker)
    {
        switch (target)
        {
            case Target.Url when HttpUrl.TryObfuscate(text.Span, _settings.RemovesQueryString, _settings.RemovesPathsWithDigits, maker.Buffer):
                return maker.Keep(text);
            case Target.RedisCommand when _settings.Redis.IsEnabled:
                return HideArguments(text, _settings.Redis, maker);
            case Target.ValkeyCommand when _settings.Valkey.IsEnabled:
                return HideArguments(text, _settings.Valkey, maker);
            case Target.MemcachedCommand when _settings.HidesMemcached:
                return _settings.KeepsMemcachedCommand ? maker.Keep(MemcachedCommand.CommandLine(text.Span), text) : default;
            case Target.MongoDbQuery when _settings.MongoDb.IsEnabled:
                _mongoDb.Obfuscate(text.Span, maker.Buffer);
                return maker.Keep(text);
            case Target.ElasticsearchBody when _settings.Elasticsearch.IsEnabled:
                _elasticsearch.Obfuscate(text.Span, maker.Buffer);
                return maker.Keep(text);
            case Target.OpenSearchBody when _settings.OpenSearch.IsEnabled:
                _openSearch.Obfuscate(text.Span, maker.Buffer);
                return maker.Keep(text);
            default:
                return text;
        }
    }

    private static Utf8Slice HideArguments(Utf8Slice command, ArgumentObfuscation settings, ObfuscatedText.Maker maker)
    {
        if (settings.RemovesAll)
        {
            RedisCommands.RemoveArguments(command.Span, maker.Buffer);
        }
        else
        {
            RedisCommands.Obfuscate(command.Span, maker.Buffer);
        }

        return maker.Keep(command);
    }

    private static void Quantize(Span span, ObfuscatedText.Maker maker)
    {
        RedisQuantizer.Quantize(span.Resource.Span, maker.Buffer);
        span.Resource = maker.Keep(span.Resource);
    }

    /// <summary>The resource is the query; its tag is a copy.</summary>
    private void HideSql(Span span, ObfuscatedText.Maker maker)
    {
        if (span.Resource.IsEmpty)
        {
            return;
        }

        PooledBuffer? tables = _settings.Sql.CollectsTableNames ? PooledBuffer.Rent() : null;
        Utf8Slice query = HideStatement(span.Resource, DialectOf(span), maker, tables);
        span.Resource = query;
        if (span.Meta.Contains(SqlQuery.Span))
        {
            span.Meta.Remove(SqlQuery.Span);
        }

        span.Meta.Add(SqlQuery, query);
        if (tables is { Length: > 0 })
        {
            span.Meta.Set(SqlTables, maker.Keep(tables.WrittenSpan, default));
        }

        tables?.Dispose();
    }

    private Utf8Slice HideStatement(Utf8Slice sql, SqlDialect dialect, ObfuscatedText.Maker maker, PooledBuffer? tables)
    {
        ulong hash = 0;
        if (_statements?.TryFind(sql.Span, dialect, out hash, out Utf8Slice known) == true)
        {
            return known;
        }

        if (!SqlObfuscator.TryObfuscate(sql.Span, dialect, _settings.Sql, maker.Buffer, tables))
        {
            return NotParsable;
        }

        _statements?.Keep(sql.Span, dialect, hash, maker.Buffer.WrittenSpan);
        return maker.Keep(sql);
    }

    private static SqlDialect DialectOf(Span span)
    {
        if (!span.Meta.TryFind("db.type"u8, out Utf8Slice type))
        {
            return SqlDialect.Generic;
        }

        return Ascii.EqualsIgnoreCase(type.Span, "postgresql"u8) ? SqlDialect.PostgreSql
            : Ascii.EqualsIgnoreCase(type.Span, "mssql"u8) ? SqlDialect.SqlServer
            : SqlDialect.Generic;
    }

    /// <summary>Card numbers and stack traces, which stand in spans of all types.</summary>
    private void HideAnywhere(Span span)
    {
        ReadOnlySpan<SpanMapEntry<Utf8Slice>> entries = span.Meta.OwnEntries;
        for (int i = 0; i < entries.Length; i++)
        {
            ReadOnlySpan<byte> key = entries[i].Key.Span;
            if (IsCard(entries[i].Value.Span) ? _cards.MayHold(key) : _settings.RemovesStackTraces && key.SequenceEqual(ErrorStack))
            {
                span.Meta.Replace(i, entries[i].Key, ObfuscatedText.Hidden);
            }
        }

        if (span.HasExtras)
        {
            HideCards(span);
        }
    }

    private void HideCards(Span span)
    {
        foreach (ref EventAttribute attribute in span.EventAttributes.Items)
        {
            if (attribute.Type == EventAttributeType.Array)
            {
                foreach (ref EventAttribute element in span.EventElements.Items.Slice(attribute.FirstElement, attribute.ElementCount))
                {
                    HideCard(ref element, attribute.Key);
                }
            }
            else
            {
                HideCard(ref attribute, attribute.Key);
            }
        }
    }

    private void HideCard(ref EventAttribute value, Utf8Slice key)
    {
        Span<byte> room = stackalloc byte[PlainNumber.LongestBytes];
        ReadOnlySpan<byte> text = value.Type switch
        {
            EventAttributeType.Text => value.Text.Span,
            EventAttributeType.Integer => PlainNumber.Format(value.Integer, room),
            EventAttributeType.Double => PlainNumber.Format(value.Double, room),
            _ => default,
        };
        if (IsCard(text) && _cards.MayHold(key.Span))
        {
            value = new EventAttribute { Key = value.Key, Type = EventAttributeType.Text, Text = ObfuscatedText.Hidden };
        }
    }

    private bool IsCard(ReadOnlySpan<byte> text) => _settings.HidesCards && CardNumber.MayBe(text) && CardNumber.Is(text, _settings.ChecksLuhn);
}
