namespace Mayfly.Config;

/// <summary>What is hidden in spans before they leave (docs/spec/03-traces.md#38-obfuscation, column M default; §3.7 for the rules).</summary>
public sealed record ObfuscationSettings
{
    /// <summary>What holds when nothing is set.</summary>
    public static ObfuscationSettings Default { get; } = new();

    /// <summary>A URL loses all behind its question mark.</summary>
    public bool RemovesQueryString { get; init; }

    /// <summary>A path segment with a digit becomes <c>?</c>.</summary>
    public bool RemovesPathsWithDigits { get; init; }

    public ArgumentObfuscation Redis { get; init; } = new();

    public ArgumentObfuscation Valkey { get; init; } = new();

    public bool HidesMemcached { get; init; } = true;

    /// <summary>The memcached command without what it stores, instead of nothing.</summary>
    public bool KeepsMemcachedCommand { get; init; }

    public JsonObfuscation MongoDb { get; init; } = new();

    public JsonObfuscation Elasticsearch { get; init; } = new();

    public JsonObfuscation OpenSearch { get; init; } = new();

    public bool HidesCards { get; init; } = true;

    /// <summary>Only numbers whose check digit is right are card numbers.</summary>
    public bool ChecksLuhn { get; init; }

    /// <summary>Tags whose values are no card numbers, beside those of the specification.</summary>
    public IReadOnlyList<string> TagsWithoutCards { get; init; } = [];

    /// <summary><c>error.stack</c> becomes <c>?</c>.</summary>
    public bool RemovesStackTraces { get; init; }

    public SqlObfuscation Sql { get; init; } = new();

    /// <summary>In order.</summary>
    public IReadOnlyList<ReplaceRule> ReplaceRules { get; init; } = [];

    internal static ObfuscationSettings Read(EnvReader env, TraceFeatures features)
    {
        return new ObfuscationSettings
        {
            RemovesQueryString = env.Bool([Keys.RemoveQueryString, Keys.RemoveQueryStringWeaker], Default.RemovesQueryString),
            RemovesPathsWithDigits = env.Bool([Keys.RemovePathsWithDigits, Keys.RemovePathsWithDigitsWeaker], Default.RemovesPathsWithDigits),
            Redis = ArgumentObfuscation.Read(env, Keys.RedisObfuscation, Keys.RedisRemoveAllArgs),
            Valkey = ArgumentObfuscation.Read(env, Keys.ValkeyObfuscation, Keys.ValkeyRemoveAllArgs),
            HidesMemcached = env.Bool(Keys.MemcachedObfuscation, Default.HidesMemcached),
            KeepsMemcachedCommand = env.Bool(Keys.MemcachedKeepCommand, Default.KeepsMemcachedCommand),
            MongoDb = JsonObfuscation.Read(env, Keys.MongoDbObfuscation, Keys.MongoDbKeepValues, Keys.MongoDbSqlValues),
            Elasticsearch = JsonObfuscation.Read(env, Keys.ElasticsearchObfuscation, Keys.ElasticsearchKeepValues, Keys.ElasticsearchSqlValues),
            OpenSearch = JsonObfuscation.Read(env, Keys.OpenSearchObfuscation, Keys.OpenSearchKeepValues, Keys.OpenSearchSqlValues),
            HidesCards = env.Bool(Keys.CardObfuscation, Default.HidesCards),
            ChecksLuhn = env.Bool(Keys.CardLuhn, Default.ChecksLuhn),
            TagsWithoutCards = env.Texts(Keys.CardKeepValues),
            RemovesStackTraces = env.Bool(Keys.RemoveStackTraces, Default.RemovesStackTraces),
            Sql = SqlObfuscation.Read(env, features),
            ReplaceRules = ReplaceRule.Read(env),
        };
    }
}

/// <summary>Of a command such as Redis's, which arguments are hidden.</summary>
public sealed record ArgumentObfuscation
{
    public bool IsEnabled { get; init; } = true;

    /// <summary>All arguments, instead of those that hold values.</summary>
    public bool RemovesAll { get; init; }

    internal static ArgumentObfuscation Read(EnvReader env, string enabled, string removesAll) => new()
    {
        IsEnabled = env.Bool(enabled, @default: true),
        RemovesAll = env.Bool(removesAll, @default: false),
    };
}

/// <summary>Of a query in JSON, which values are hidden.</summary>
public sealed record JsonObfuscation
{
    public bool IsEnabled { get; init; } = true;

    /// <summary>Members that keep their value, with all that is in it.</summary>
    public IReadOnlyList<string> KeptMembers { get; init; } = [];

    /// <summary>Members whose value is SQL.</summary>
    public IReadOnlyList<string> SqlMembers { get; init; } = [];

    internal static JsonObfuscation Read(EnvReader env, string enabled, string kept, string sql) => new()
    {
        IsEnabled = env.Bool(enabled, @default: true),
        KeptMembers = env.Texts(kept),
        SqlMembers = env.Texts(sql),
    };
}

/// <summary>How SQL is obfuscated.</summary>
public sealed record SqlObfuscation
{
    internal const string DefaultIsUsed = "nothing: the other ways to obfuscate SQL are not there, the default one is used";

    /// <summary>The names of tables become the tag <c>sql.tables</c>.</summary>
    public bool CollectsTableNames { get; init; }

    /// <summary>Digits in names become <c>?</c>.</summary>
    public bool ReplacesDigits { get; init; }

    /// <summary><c>AS name</c> stays.</summary>
    public bool KeepsAliases { get; init; }

    /// <summary>What stands between <c>$func$</c> is SQL itself, not a text.</summary>
    public bool ReadsDollarQuotedFunctions { get; init; }

    internal static SqlObfuscation Read(EnvReader env, TraceFeatures features)
    {
        if (env.Text(Keys.SqlObfuscationMode) is { } mode)
        {
            env.Warn(Keys.SqlObfuscationMode, mode, DefaultIsUsed);
        }

        return new SqlObfuscation
        {
            CollectsTableNames = features.CollectsTableNames,
            ReplacesDigits = features.ReplacesDigits,
            KeepsAliases = features.KeepsAliases,
            ReadsDollarQuotedFunctions = features.ReadsDollarQuotedFunctions,
        };
    }
}
