namespace Mayfly.Config;

/// <summary>
/// <c>DD_APM_FEATURES</c>: names of features, separated by commas or, without a comma, by blanks (docs/spec/03-traces.md#38-obfuscation,
/// #39-truncation-go-lib-none, #311-sampling). Names that mean nothing here are passed over without a word: they are often meant for another agent.
/// </summary>
public sealed record TraceFeatures
{
    private const string BigResource = "big_resource";
    private const string FullTraceId = "probabilistic_sampler_full_trace_id";
    private const string TableNames = "table_names";
    private const string KeepSqlAlias = "keep_sql_alias";
    private const string DollarQuotedFunctions = "dollar_quoted_func";

    /// <summary>Two names of one feature.</summary>
    private static readonly string[] ReplaceDigits = ["quantize_sql_tables", "replace_sql_digits"];

    private static readonly string[] Known = [BigResource, FullTraceId, TableNames, KeepSqlAlias, DollarQuotedFunctions, .. ReplaceDigits];

    /// <summary>Those that are on, by the names that the user gave.</summary>
    public IReadOnlyList<string> Names { get; private init; } = [];

    /// <summary>Resources may be three times as long as they may be else.</summary>
    public bool KeepsBigResources => Names.Contains(BigResource);

    /// <summary>The probabilistic sampler looks at all 128 bits of the trace id.</summary>
    public bool HashesFullTraceId => Names.Contains(FullTraceId);

    internal bool CollectsTableNames => Names.Contains(TableNames);

    internal bool ReplacesDigits => Names.Any(ReplaceDigits.Contains);

    internal bool KeepsAliases => Names.Contains(KeepSqlAlias);

    internal bool ReadsDollarQuotedFunctions => Names.Contains(DollarQuotedFunctions);

    internal static TraceFeatures Read(EnvReader env)
    {
        IReadOnlyList<string> names = env.Texts(Keys.TraceFeatures);
        if (names.Contains("sqllexer"))
        {
            env.Warn(Keys.TraceFeatures, "sqllexer", SqlObfuscation.DefaultIsUsed);
        }

        return new TraceFeatures { Names = [.. names.Where(Known.Contains).Distinct()] };
    }
}
