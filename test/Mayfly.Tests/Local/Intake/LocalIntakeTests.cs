using System.IO.Compression;
using System.Net;
using System.Text;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.Tests.Local.Intake;

public class LocalIntakeTests : IntakeFixture
{
    public static TheoryData<string, string?, int> Encodings
    {
        get
        {
            var rows = new TheoryData<string, string?, int>();
            foreach (string path in new[] { IntakePaths.Traces, IntakePaths.Series, IntakePaths.Sketches, IntakePaths.Logs, IntakePaths.Stats })
            {
                foreach (string? encoding in new[] { null, "identity", "gzip", "deflate", "zstd" })
                {
                    rows.Add(path, encoding, path == IntakePaths.Traces ? 200 : 202);
                }

                rows.Add(path, "br", 415);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task Each_path_takes_each_content_encoding(string path, string? encoding, int status)
    {
        byte[] raw = Body(path);
        byte[] sent = Compress(raw, encoding);

        using HttpResponseMessage answer = await PostAsync(path, sent, encoding);

        Assert.Equal(status, (int)answer.StatusCode);
        ReceivedRequest request = Assert.Single(Intake.Requests);
        Assert.Equal(status, request.Status);
        Assert.Equal(path, request.Path);
        Assert.Equal(sent.Length, request.BytesCompressed);
        Assert.Equal(encoding, request.ContentEncoding);
        if (status == 415)
        {
            Assert.Contains(encoding!, request.Error);
            Assert.Equal(0, request.BytesRaw);
        }
        else
        {
            Assert.Null(request.Error);
            Assert.Equal(raw.Length, request.BytesRaw);
            int records = request.Spans.Count + request.Metrics.Count + request.Logs.Count + request.Stats.Count;
            Assert.Equal(path == IntakePaths.Logs ? 2 : 1, records);
            Assert.Equal(path == IntakePaths.Stats ? raw : [], request.RawBody.ToArray());
        }
    }

    [Fact]
    public async Task A_span_keeps_every_field_and_its_payload_and_chunk()
    {
        await PostAsync(IntakePaths.Traces, IntakeBodies.Traces());

        ReceivedSpan span = Assert.Single(Intake.Spans);
        Assert.Equal(("svc", "aws.lambda", "my-function", "serverless"), (span.Service, span.Name, span.Resource, span.Type));
        Assert.Equal((ulong.MaxValue, 0x8000000000000001UL, 7UL), (span.TraceId, span.SpanId, span.ParentId));
        Assert.Equal((1_700_000_000_000_000_001L, 12_345L, 1), (span.StartNs, span.DurationNs, span.Error));
        Assert.Equal("req-1", span.Meta["request_id"]);
        Assert.Equal(2, span.Metrics["_sampling_priority_v1"]);
        Assert.Equal([0x81, 0xff], span.MetaStruct["appsec"].ToArray());
        ReceivedSpanLink link = Assert.Single(span.Links);
        Assert.Equal((11UL, 12UL, 13UL, "b", "ts", 1u), (link.TraceId, link.TraceIdHigh, link.SpanId, link.Attributes["a"], link.TraceState, link.Flags));
        ReceivedSpanEvent spanEvent = Assert.Single(span.Events);
        Assert.Equal((99UL, "event", 42L), (spanEvent.TimeUnixNano, spanEvent.Name, spanEvent.Attributes["n"]));
        Assert.Equal(new List<object> { "x", true }, spanEvent.Attributes["list"]);
        Assert.Equal((-128, "lambda", true), (span.Chunk.Priority, span.Chunk.Origin, span.Chunk.DroppedTrace));
        Assert.Equal("6740d1a900000000", span.Chunk.Tags["_dd.p.tid"]);
        ReceivedTracerPayload payload = span.Payload;
        Assert.Equal(("container-1", ".NET", "10.0", "3.52", "runtime-1", "prod", "payload-host", "1.2.3"), (
            payload.ContainerId, payload.LanguageName, payload.LanguageVersion, payload.TracerVersion, payload.RuntimeId, payload.Env, payload.Hostname,
            payload.AppVersion));
        Assert.Equal(["functionname:my-function", "env:dev"], payload.FunctionTags);
        ReceivedAgentPayload agent = span.Agent;
        Assert.Equal(("host-1", "dev", "0.1.0", 60d, 61d, true, "tag"), (
            agent.HostName, agent.Env, agent.AgentVersion, agent.TargetTps, agent.ErrorTps, agent.RareSamplerEnabled, agent.Tags["agent"]));
    }

    [Fact]
    public async Task The_series_vector_of_the_specification_is_read_field_by_field()
    {
        await PostAsync(IntakePaths.Series, IntakeBodies.Series);

        ReceivedMetric metric = Assert.Single(Intake.Metrics);
        Assert.Equal(("my.count", MetricType.Count, 10L, "h1"), (metric.Name, metric.Type, metric.IntervalSeconds, metric.Host));
        Assert.Equal(["env:test"], metric.Tags);
        Assert.Equal([new ReceivedPoint(1656581400, 5)], metric.Points);
        Assert.Equal(["host:h1"], metric.Resources);
        Assert.Equal(new ReceivedOrigin(1, 38, 472), metric.Origin);
        Assert.Equal(5, metric.Total);
    }

    [Fact]
    public async Task The_sketch_vector_of_the_specification_is_read_field_by_field()
    {
        await PostAsync(IntakePaths.Sketches, IntakeBodies.Sketches);

        ReceivedMetric metric = Assert.Single(Intake.Metrics);
        Assert.Equal(("my.dist", MetricType.Sketch), (metric.Name, metric.Type));
        ReceivedSketch sketch = Assert.Single(metric.Sketches);
        Assert.Equal((1656581400L, 3L, 1d, 3d, 2d, 6d), (sketch.TimestampSeconds, sketch.Count, sketch.Min, sketch.Max, sketch.Avg, sketch.Sum));
        Assert.Equal([new SketchBin(1338, 1), new SketchBin(1383, 1), new SketchBin(1409, 1)], sketch.Bins);
        Assert.Equal(3, metric.Total);
    }

    [Fact]
    public async Task A_group_of_statistics_keeps_every_field_and_what_is_around_it()
    {
        await PostAsync(IntakePaths.Stats, IntakeBodies.Stats());

        ReceivedStats group = Assert.Single(Intake.Stats);
        Assert.Equal(("svc", "op", "res", "web", "db"), (group.Service, group.Name, group.Resource, group.Type, group.DbType));
        Assert.Equal(("server", 200L, "GET", "/x", "14", "m"), (
            group.SpanKind, group.HttpStatusCode, group.HttpMethod, group.HttpEndpoint, group.GrpcStatusCode, group.ServiceSource));
        Assert.Equal((true, 2L, 3L, 1L, 4_000_000_000L, 2L), (
            group.Synthetics, group.IsTraceRoot, group.Hits, group.Errors, group.Duration, group.TopLevelHits));
        Assert.Equal(["a:b", "c:d"], group.PeerTags);
        Assert.Equal((1_700_000_000_000_000_000, 10_000_000_000), (group.BucketStart, group.BucketDuration));
        ReceivedStatsPayload payload = group.Payload;
        Assert.Equal(("host", "prod", "1.0", "js", "5", "r", 7L, "base", "c", "p:t"), (
            payload.Hostname, payload.Env, payload.Version, payload.Lang, payload.TracerVersion, payload.RuntimeId, payload.Sequence, payload.Service,
            payload.ContainerId, payload.ProcessTags));
        Assert.Equal(("ah", "ae", "av", true, true), (
            payload.AgentHostname, payload.AgentEnv, payload.AgentVersion, payload.ClientComputed, payload.SplitPayload));

        // docs/spec/03-traces.md, 4.4: 5 ms, and nothing.
        Assert.Equal((1.015625, 1338.5, 0d, 1d, 1), (group.Ok.Gamma, group.Ok.IndexOffset, group.Ok.ZeroCount, group.Ok.Count, group.Ok.Bins.Count));
        Assert.Equal(1, group.Ok.Bins[2333]);
        Assert.InRange(group.Ok.Quantile(0.5), 5_000_000 * (1 - 0.00776), 5_000_000 * (1 + 0.00776));
        Assert.Empty(group.Error.Bins);
        Assert.Equal(double.NaN, group.Error.Quantile(0.5));
    }

    [Fact]
    public async Task A_log_event_is_read_nested_and_flat()
    {
        await PostAsync(IntakePaths.Logs, Encoding.UTF8.GetBytes(IntakeBodies.Logs));
        await PostAsync(IntakePaths.Logs, """[{"message":"flat","status":"warn","timestamp":5,"service":"s"}]"""u8.ToArray());

        Assert.Equal(3, Intake.Logs.Count);
        ReceivedLog log = Intake.Logs[0];
        Assert.Equal(("hello", "req-1", "info", 1673061827000L), (log.Message, log.RequestId, log.Status, log.TimestampMs));
        Assert.Equal(("arn:aws:lambda:us-east-1:123456789012:function:my-function", "arn:host", "my-svc", "lambda"),
            (log.Arn, log.Hostname, log.Service, log.DdSource));
        Assert.Equal(["env:dev", "team:a"], log.Tags);
        Assert.Null(Intake.Logs[1].RequestId);
        Assert.Equal(("flat", "warn", 5L, "s"), (Intake.Logs[2].Message, Intake.Logs[2].Status, Intake.Logs[2].TimestampMs, Intake.Logs[2].Service));
    }

    [Theory]
    [InlineData(IntakePaths.Traces, "0a", null, "protobuf cut after a tag")]
    [InlineData(IntakePaths.Traces, "ffffffffffffffffffffff", null, "varint of 11 bytes")]
    [InlineData(IntakePaths.Traces, "2aff01", null, "declared length beyond the body")]
    [InlineData(IntakePaths.Series, "0a02ff", null, "nested message cut")]
    [InlineData(IntakePaths.Series, "0a05120161" + "2809", null, "unknown series type 9")]
    [InlineData(IntakePaths.Sketches, "0a063a043a020202", null, "two keys, no bin counts")]
    [InlineData(IntakePaths.Logs, "5b7b", null, "JSON cut")]
    [InlineData(IntakePaths.Logs, "7b7d", null, "an object, not an array")]
    [InlineData(IntakePaths.Logs, "5b315d", null, "a number as log event")]
    [InlineData(IntakePaths.Logs, "5b7b7d5d", null, "an event without a message")]
    [InlineData(IntakePaths.Logs, "", null, "nothing")]
    [InlineData(IntakePaths.Stats, "", null, "nothing")]
    [InlineData(IntakePaths.Stats, "90", null, "an array, not a map")]
    [InlineData(IntakePaths.Stats, "81a55374617473c0", null, "nil in place of the statistics")]
    [InlineData(IntakePaths.Stats, "81a5537461747391c0", null, "nil in place of a payload")]
    [InlineData(IntakePaths.Stats, "81a55374617473ddffffffff", null, "an array longer than the body")]
    [InlineData(IntakePaths.Stats, "81ae436c69656e74436f6d707574656401", null, "a number in place of a boolean")]
    [InlineData(IntakePaths.Stats, "8000", null, "a byte too many")]
    [InlineData(IntakePaths.Stats, "81a178d40000", null, "an extension")]
    [InlineData(IntakePaths.Series, "0a0000", "gzip", "not gzip")]
    [InlineData(IntakePaths.Series, "", "gzip", "empty gzip")]
    [InlineData(IntakePaths.Series, "0a0000", "deflate", "not zlib")]
    [InlineData(IntakePaths.Series, "0a0000", "zstd", "not zstd")]
    [InlineData(IntakePaths.Series, "", "zstd", "empty zstd")]
    [InlineData(IntakePaths.Series, "28b52ffd0088010000", "zstd", "a window of 128 MiB")]
    public async Task An_undecodable_body_is_answered_400_and_recorded_as_such(string path, string hex, string? encoding, string why)
    {
        using HttpResponseMessage answer = await PostAsync(path, Convert.FromHexString(hex), encoding);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        ReceivedRequest request = Assert.Single(Intake.Requests);
        Assert.True(request.Error?.StartsWith("undecodable: ", StringComparison.Ordinal), why);
        Assert.Equal(hex, Convert.ToHexStringLower(request.RawBody.Span));
        Assert.Empty(Intake.Spans);
        Assert.Empty(Intake.Metrics);
        Assert.Empty(Intake.Logs);
        Assert.Empty(Intake.Stats);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("zstd")]
    public async Task A_compressed_body_cut_at_any_byte_is_never_accepted(string encoding)
    {
        byte[] whole = Compress(IntakeBodies.Series, encoding);
        for (int length = 0; length < whole.Length; length++)
        {
            using HttpResponseMessage answer = await PostAsync(IntakePaths.Series, whole[..length], encoding);
            Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"cut at {length} of {whole.Length}: {answer.StatusCode}");
        }

        Assert.Empty(Intake.Metrics);
    }

    [Theory]
    [InlineData("gzip", "1f8b080000000000000303000000000000000000")]
    [InlineData("deflate", "789c030000000001")]
    [InlineData("zstd", "28b52ffd2000010000")]
    public async Task An_empty_and_a_large_body_survive_compression(string encoding, string emptyHex)
    {
        using HttpResponseMessage empty = await PostAsync(IntakePaths.Series, Convert.FromHexString(emptyHex), encoding);
        Assert.Equal(HttpStatusCode.Accepted, empty.StatusCode);
        byte[] large = [0x81, 0xa1, (byte)'x', 0xc6, 0, 0x2d, 0xc6, 0xc0, .. Enumerable.Range(0, 3_000_000).Select(i => (byte)(i * i >> 5))];
        using HttpResponseMessage answer = await PostAsync(IntakePaths.Stats, Compress(large, encoding), encoding);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal(large, Intake.Requests[^1].RawBody.ToArray());
    }

    [Fact]
    public async Task The_api_key_is_kept_masked_only()
    {
        await PostAsync(IntakePaths.Series, IntakeBodies.Series);

        ReceivedRequest request = Assert.Single(Intake.Requests);
        Assert.Equal("***************************bcdef", request.ApiKey);
        Assert.DoesNotContain(request.Headers, header => header.Value.Contains(Key, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("POST", IntakePaths.Series, 403)]
    [InlineData("GET", IntakePaths.Validate, 403)]
    [InlineData("GET", IntakePaths.Series, 405)]
    [InlineData("POST", "/api/v9/nothing", 404)]
    public async Task A_request_that_no_intake_would_take_is_answered_and_recorded(string method, string path, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), Intake.Url + path);
        using HttpResponseMessage answer = await Client.SendAsync(request);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal((status, path, method), (Intake.Requests[0].Status, Intake.Requests[0].Path, Intake.Requests[0].Method));
    }

    [Fact]
    public async Task A_key_can_be_validated()
    {
        using HttpResponseMessage answer = await PostAsync(IntakePaths.Validate, []);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("""{"valid":true}""", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Concurrent_posts_all_arrive_once()
    {
        const int Senders = 16;
        const int PostsPerSender = 25;
        Task<bool> arrived = Intake.WaitUntilAsync(i => i.Spans.Count == Senders * PostsPerSender, Soon);

        await Task.WhenAll(Enumerable.Range(0, Senders).Select(async sender =>
        {
            for (int post = 0; post < PostsPerSender; post++)
            {
                using HttpResponseMessage answer = await PostAsync(
                    IntakePaths.Traces, Compress(IntakeBodies.Traces($"{sender}-{post}"), "gzip"), "gzip");
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }
        }));

        Assert.True(await arrived);
        Assert.Equal(Senders * PostsPerSender, Intake.Spans.Select(s => s.Name).Distinct().Count());
        Assert.Equal(Enumerable.Range(1, Senders * PostsPerSender), Intake.Requests.Select(r => r.Sequence));
    }

    [Fact]
    public async Task Waiting_for_what_does_not_come_ends_at_the_deadline() =>
        Assert.False(await Intake.WaitUntilAsync(i => i.Spans.Count > 0, TimeSpan.FromMilliseconds(50)));

    [Fact]
    public async Task Bodies_over_the_limits_are_refused_and_old_requests_are_forgotten()
    {
        await using LocalIntake small = await LocalIntake.StartAsync(new IntakeOptions { MaxBodyBytes = 4096, MaxStoredBytes = 20_000 });
        byte[] large = new byte[5000];
        using HttpResponseMessage plain = await PostToAsync(small, large, null);
        using HttpResponseMessage packed = await PostToAsync(small, Compress(large, "gzip"), "gzip");
        Assert.Equal((413, 413), ((int)plain.StatusCode, (int)packed.StatusCode));

        for (int i = 0; i < 10; i++)
        {
            using HttpResponseMessage _ = await PostToAsync(small, new byte[4000], null);
        }

        Assert.True(small.Requests.Count <= 5, $"{small.Requests.Count} kept");
        Assert.Equal(12, small.Requests[^1].Sequence);
        Assert.Equal(12, small.Requests.Count + small.Forgotten);
    }

    private async Task<HttpResponseMessage> PostToAsync(LocalIntake intake, byte[] body, string? encoding)
    {
        var content = new ByteArrayContent(body);
        if (encoding is not null)
        {
            content.Headers.ContentEncoding.Add(encoding);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, intake.Url + IntakePaths.Stats) { Content = content };
        request.Headers.Add("DD-API-KEY", Key);
        return await Client.SendAsync(request);
    }

    private static byte[] Body(string path) => path switch
    {
        IntakePaths.Traces => IntakeBodies.Traces(),
        IntakePaths.Series => IntakeBodies.Series,
        IntakePaths.Sketches => IntakeBodies.Sketches,
        IntakePaths.Logs => Encoding.UTF8.GetBytes(IntakeBodies.Logs),
        _ => IntakeBodies.Stats(),
    };

    private static byte[] Compress(byte[] raw, string? encoding)
    {
        using var compressed = new MemoryStream();
        Stream stream = encoding switch
        {
            "gzip" => new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
            "deflate" => new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
            "zstd" => new ZstdSharp.CompressionStream(compressed, leaveOpen: true),
            _ => compressed,
        };
        stream.Write(raw);
        if (stream != compressed)
        {
            stream.Dispose();
        }

        return compressed.ToArray();
    }
}
