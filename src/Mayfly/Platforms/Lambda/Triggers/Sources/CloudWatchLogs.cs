using System.Buffers;
using System.IO.Compression;
using System.Text.Json;
using Mayfly.Platforms.Lambda.Triggers.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Triggers.Sources;

/// <summary>A subscription to a log group: JSON inside gzip inside base64 (docs/spec/02-triggers.md#5-sources-without-inferred-span).</summary>
/// <remarks>Only the first bytes are unpacked: the group's name comes before the log events, and what is packed may be a thousand times as large.</remarks>
internal sealed class CloudWatchLogs : TriggerSource
{
    private const int UnpackedLimitBytes = 16 * 1024;

    public override bool Matches(in LambdaEvent lambdaEvent) => lambdaEvent.Root["awslogs"u8].IsPresent;

    public override Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings)
    {
        string? arn = settings.AccountId is { } account && LogGroupOf(lambdaEvent.Root["awslogs"u8].Get("data"u8)) is { } group
            ? $"arn:{settings.Partition}:logs:{settings.Region}:{account}:log-group:{group}"
            : null;
        return new Trigger { Kind = TriggerKind.CloudWatchLogs, IsAsync = true, Tags = new TagList().WithSource("cloudwatch-logs", arn) };
    }

    /// <summary>Null if it cannot be unpacked or names no group.</summary>
    private static string? LogGroupOf(JsonView data)
    {
        using PooledBuffer? packed = DatadogMember.DecodeBase64(data);
        if (packed is null)
        {
            return null;
        }

        byte[] unpacked = ArrayPool<byte>.Shared.Rent(UnpackedLimitBytes);
        try
        {
            using var gzip = new GZipStream(new MemoryStream(packed.Array, 0, packed.Length, writable: false), CompressionMode.Decompress);
            int length = gzip.ReadAtLeast(unpacked, UnpackedLimitBytes, throwOnEndOfStream: false);
            return ReadLogGroup(unpacked.AsSpan(0, length));
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(unpacked);
        }
    }

    /// <param name="json">The beginning of an object.</param>
    private static string? ReadLogGroup(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, isFinalBlock: false, state: default);
        while (reader.Read())
        {
            if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("logGroup"u8))
            {
                return reader.Read() && reader.TokenType == JsonTokenType.String ? JsonText.ToText(reader.ValueSpan) : null;
            }
        }

        return null;
    }
}
