using System.Text;

namespace Mayfly.Traces.Obfuscation;

/// <summary>The tags whose values may be card numbers: all but those that are known to hold something else (docs/spec/03-traces.md#credit-cards).</summary>
internal sealed class CardTags
{
    private static readonly string[] WithoutCards =
    [
        "account_id", "aws_account", "error", "error.msg", "error.type", "error.stack", "env", "graphql.field", "graphql.query", "graphql.type",
        "graphql.operation.name", "grpc.code", "grpc.method", "grpc.request", "http.status_code", "http.method", "runtime-id", "out.host", "out.port",
        "sampling.priority", "span.type", "span.name", "service.name", "service", "sql.query", "version", "databricks_job_id", "databricks_job_run_id",
        "databricks_task_run_id", "config.spark_app_startTime", "config.spark_databricks_job_parentRunId",
    ];

    private readonly byte[][] _kept;

    /// <summary>With no more tags without cards than the known ones.</summary>
    public static CardTags Known { get; } = new([]);

    /// <param name="kept">More tags without cards.</param>
    public CardTags(IReadOnlyList<string> kept) => _kept = [.. WithoutCards.Concat(kept).Select(Encoding.UTF8.GetBytes)];

    /// <summary>False for tags of the tracer itself, which begin with an underscore, and for those of the list.</summary>
    public bool MayHold(ReadOnlySpan<byte> key)
    {
        if (key.StartsWith("_"u8))
        {
            return false;
        }

        foreach (byte[] kept in _kept)
        {
            if (key.SequenceEqual(kept))
            {
                return false;
            }
        }

        return true;
    }
}
