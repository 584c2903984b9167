using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Logs;
using Xunit;

namespace Mayfly.Tests.Logs;

/// <summary>docs/spec/04-metrics-logs.md#c4-log-event-json-lambda and #c10-batches.</summary>
public class LogBufferTests
{
    private readonly SignalCounters _counters = new();

    [Fact]
    public void C4_an_event_has_its_members_in_this_order()
    {
        LogBuffer buffer = Buffer(identity: new LogIdentity("arn:aws:lambda:us-east-1:123:function:My-Fn", "My-Svc", "a:1,b:\"2\""));
        buffer.TryAdd("hé \"x\"\n"u8, 1673061827000, LogStatus.Warn, "r-1"u8);
        buffer.TryAdd("y"u8, -1, LogStatus.Critical, default);

        Assert.Equal(
            """
            [{"message":{"message":"hé \"x\"\n","lambda":{"arn":"arn:aws:lambda:us-east-1:123:function:my-fn","request_id":"r-1"},"timestamp":1673061827000,"status":"warn"},"hostname":"arn:aws:lambda:us-east-1:123:function:my-fn","service":"my-svc","ddtags":"a:1,b:\"2\"","ddsource":"lambda"},{"message":{"message":"y","lambda":{"arn":"arn:aws:lambda:us-east-1:123:function:my-fn","request_id":null},"timestamp":-1,"status":"critical"},"hostname":"arn:aws:lambda:us-east-1:123:function:my-fn","service":"my-svc","ddtags":"a:1,b:\"2\"","ddsource":"lambda"}]
            """.Trim(),
            Assert.Single(LogEvents.TakeBodies(buffer)));
    }

    [Fact]
    public void C10_an_empty_queue_sends_nothing()
    {
        LogBuffer buffer = Buffer();
        Assert.Empty(LogEvents.TakeBodies(buffer));
        buffer.TryAdd("x");
        Assert.Single(LogEvents.TakeBodies(buffer));
        Assert.Empty(LogEvents.TakeBodies(buffer));
    }

    [Fact]
    public void C15_three_events_with_two_per_body_make_bodies_of_two_and_one()
    {
        LogBuffer buffer = Buffer(new LogSettings { MaxEventsPerBody = 2 });
        buffer.TryAdd("1");
        buffer.TryAdd("2");
        buffer.TryAdd("3");

        var payloads = new List<IntakePayload>();
        buffer.TakePayloads(payloads);
        Assert.Equal([2, 1], payloads.Select(static payload => (int)payload.Units));
        Assert.Equal([2, 1], payloads.Select(static payload => JsonDocument.Parse(payload.Body.Written).RootElement.GetArrayLength()));
        Assert.All(payloads, static payload => Assert.Equal((Signal.Logs, IntakeKind.Logs), (payload.Signal, payload.Kind)));
        payloads.ForEach(static payload => payload.Dispose());
    }

    [Fact]
    public void C10_no_body_is_longer_than_the_limit_and_none_is_shorter_than_needed()
    {
        int eventBytes = BodyBytes("0123456789") - 2;
        for (int limit = eventBytes * 2; limit < eventBytes * 4 + 8; limit++)
        {
            LogBuffer buffer = Buffer(new LogSettings { MaxBodyBytes = limit });
            for (int i = 0; i < 7; i++)
            {
                buffer.TryAdd("0123456789");
            }

            List<string> bodies = LogEvents.TakeBodies(buffer);
            int perBody = (limit - 1) / (eventBytes + 1);
            Assert.All(bodies, body => Assert.True(body.Length <= limit));
            Assert.Equal((7 + perBody - 1) / perBody, bodies.Count);
            Assert.Equal(7, bodies.Sum(static body => JsonDocument.Parse(body).RootElement.GetArrayLength()));
        }
    }

    [Fact]
    public void The_oldest_events_make_room_and_are_counted()
    {
        int eventBytes = BodyBytes("00000") - 1;
        LogBuffer buffer = Buffer(new LogSettings { BufferBytes = eventBytes * 50, MaxEventsPerBody = 8 });
        for (int i = 0; i < 1234; i++)
        {
            buffer.TryAdd(i.ToString("00000"));
            Assert.Equal(Math.Max(0, i + 1 - 50), _counters.DroppedFor(DropReason.BufferFull));
        }

        Assert.Equal(Enumerable.Range(1184, 50).Select(static i => i.ToString("00000")), LogEvents.Take(buffer).Select(LogEvents.Text));
        Assert.Equal(1235, _counters.Accepted);
    }

    [Fact]
    public void Units_and_drops_add_up_to_what_was_accepted_for_any_sizes()
    {
        var random = new Random(20260101);
        for (int round = 0; round < 50; round++)
        {
            var counters = new SignalCounters();
            var settings = new LogSettings
            {
                BufferBytes = random.Next(1, 20_000),
                MaxEventsPerBody = random.Next(1, 20),
                MaxBodyBytes = random.Next(200, 5_000),
                MaxEventBytes = 2_000,
            };
            var buffer = new LogBuffer(settings, counters) { Identity = LogEvents.Identity };
            var sent = new List<string>();
            var received = new List<string>();
            for (int i = 0; i < 300; i++)
            {
                string text = $"{i} {new string('x', random.Next(0, 1500))}";
                buffer.TryAdd(text);
                sent.Add(text);
                if (random.Next(40) == 0)
                {
                    received.AddRange(LogEvents.Take(buffer).Select(LogEvents.Text));
                }
            }

            received.AddRange(LogEvents.Take(buffer).Select(LogEvents.Text));
            Assert.Equal(300 - received.Count, counters.DroppedFor(DropReason.BufferFull));
            Assert.Equal(300, counters.Accepted);
            Assert.Equal(sent.Where(received.Contains), received);
        }
    }

    [Theory]
    [InlineData("x")]
    [InlineData("é")]
    [InlineData("𝄞")]
    [InlineData("\n")]
    [InlineData("\u0001")]
    [InlineData("\"aé𝄞\u0002")]
    public void C10_an_event_that_is_too_long_has_its_message_cut_between_characters(string unit)
    {
        for (int maxBytes = 400; maxBytes < 420; maxBytes++)
        {
            LogBuffer buffer = Buffer(new LogSettings { MaxEventBytes = maxBytes });
            buffer.TryAdd(string.Concat(Enumerable.Repeat(unit, 1000)));
            string body = Assert.Single(LogEvents.TakeBodies(buffer));
            string text = Assert.Single(JsonDocument.Parse(body).RootElement.EnumerateArray().ToArray()).Text();

            Assert.InRange(Encoding.UTF8.GetByteCount(body) - 2, maxBytes - 6, maxBytes);
            Assert.EndsWith("...TRUNCATED...", text, StringComparison.Ordinal);
            string kept = text[..^15];
            Assert.StartsWith(kept, string.Concat(Enumerable.Repeat(unit, 1000)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void C10_an_event_of_the_very_limit_is_not_cut()
    {
        int overhead = BodyBytes("") - 2;
        LogBuffer buffer = Buffer(new LogSettings { MaxEventBytes = overhead + 300 });
        buffer.TryAdd(new string('x', 300));
        buffer.TryAdd(new string('x', 301));
        Assert.Equal([new string('x', 300), new string('x', 285) + "...TRUNCATED..."], LogEvents.Take(buffer).Select(LogEvents.Text));
    }

    [Fact]
    public void The_default_limits_take_a_two_megabyte_line()
    {
        LogBuffer buffer = Buffer();
        buffer.TryAdd(new string('x', 2_000_000));
        buffer.TryAdd("next");
        List<string> bodies = LogEvents.TakeBodies(buffer);
        Assert.InRange(Assert.Single(bodies).Length, 1_000_000, 1_001_000);
        Assert.Equal("next", JsonDocument.Parse(bodies[0]).RootElement[1].Text());
    }

    [Fact]
    public void Without_an_identity_nothing_is_taken()
    {
        var buffer = new LogBuffer(new LogSettings(), _counters);
        Assert.False(buffer.TryAdd("x"));
        Assert.Equal(0, _counters.Accepted);
        buffer.Identity = LogEvents.Identity;
        Assert.True(buffer.TryAdd("y"));
        Assert.Equal("y", Assert.Single(LogEvents.Take(buffer)).Text());
    }

    [Fact]
    public async Task Events_of_several_threads_are_each_taken_once_or_counted_as_dropped()
    {
        LogBuffer buffer = Buffer(new LogSettings { BufferBytes = 200_000, MaxEventsPerBody = 100 });
        Task[] writers = [.. Enumerable.Range(0, 4).Select(writer => Task.Run(() =>
        {
            for (int i = 0; i < 5_000; i++)
            {
                buffer.TryAdd($"{writer}-{i}");
            }
        }))];
        var received = new List<string>();
        Task all = Task.WhenAll(writers);
        while (!all.IsCompleted)
        {
            received.AddRange(LogEvents.Take(buffer).Select(LogEvents.Text));
        }

        await all;
        received.AddRange(LogEvents.Take(buffer).Select(LogEvents.Text));
        Assert.Equal(received.Count, received.Distinct().Count());
        Assert.Equal(20_000, received.Count + _counters.DroppedFor(DropReason.BufferFull));
    }

    [Theory]
    [InlineData("ff")]
    [InlineData("61ff62")]
    [InlineData("c3")]
    [InlineData("e282")]
    [InlineData("eda080")]
    [InlineData("22ff0a5c01c3a9f09d849ec0af")]
    public void Bytes_that_are_no_utf8_become_replacement_characters(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        LogBuffer buffer = Buffer();
        buffer.TryAdd(bytes, 0, LogStatus.Info, bytes);
        JsonElement log = Assert.Single(LogEvents.Take(buffer));
        Assert.Equal((Encoding.UTF8.GetString(bytes), Encoding.UTF8.GetString(bytes)), (log.Text(), log.RequestId()));
    }

    [Fact]
    public void Any_message_comes_back_from_the_body()
    {
        LogBuffer buffer = Buffer();
        Prop.ForAll<string?>(value =>
        {
            // A lone surrogate has no UTF-8: what the encoder makes of it is the message.
            string text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(value ?? ""));
            buffer.TryAdd(text, requestId: text);
            JsonElement log = Assert.Single(LogEvents.Take(buffer));
            return log.Text() == text && (log.RequestId() ?? "") == text;
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    [Fact]
    public void Every_character_comes_back_from_the_body()
    {
        var all = new StringBuilder();
        for (int value = 0; value <= 0x10FFFF; value++)
        {
            if (Rune.IsValid(value))
            {
                all.Append(new Rune(value).ToString());
            }
        }

        LogBuffer buffer = Buffer(new LogSettings { MaxEventBytes = 50_000_000, MaxBodyBytes = 50_000_000, BufferBytes = 50_000_000 });
        buffer.TryAdd(all.ToString());
        Assert.True(all.ToString() == Assert.Single(LogEvents.Take(buffer)).Text());
    }

    private LogBuffer Buffer(LogSettings? settings = null, LogIdentity? identity = null) =>
        new(settings ?? new LogSettings(), _counters) { Identity = identity ?? LogEvents.Identity };

    private int BodyBytes(string message)
    {
        LogBuffer buffer = Buffer();
        buffer.TryAdd(message);
        return Assert.Single(LogEvents.TakeBodies(buffer)).Length;
    }
}
