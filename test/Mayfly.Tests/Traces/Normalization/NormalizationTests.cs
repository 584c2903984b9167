using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Traces.Normalization;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces.Normalization;

/// <summary>docs/spec/03-traces.md#34-normalization: its tables, each row by its input; and that twice is the same as once.</summary>
public class NormalizationTests
{
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.Elements('a', 'Z', '_', '.', '-', '/', ':', '1', ' ', '#', 'é', 'Ö', '\u212a', '\u0130', '日', '™').ListOf().Select(static list => string.Concat(list)),
        Gen.Elements("_", "__", "._", "a_", "🐶", "Ⱥ", "ǅ", "٣", "e\u0301", new string('É', 150)).ListOf().Select(static list => string.Concat(list)),
        ArbMap.Default.GeneratorFor<NonNull<string>>().Select(static text => string.Concat(text.Get.EnumerateRunes())));

    [Theory]
    [InlineData("#test_starting_hash", "test_starting_hash")]
    [InlineData("Test Conversion Of Weird !@#$%^&**() Characters", "test_conversion_of_weird_characters")]
    [InlineData("1love", "1love")]
    [InlineData("12.:trim@", "12.:trim")]
    [InlineData("---fun:k####y_ta@#g/1_@@#", "---fun:k_y_ta_g/1")]
    [InlineData("fun:ky__tag/1", "fun:ky_tag/1")]
    [InlineData(" #hashtag!@#spaces #__<>#  ", "hashtag_spaces")]
    [InlineData(":testing", ":testing")]
    [InlineData("™Ö™Ö™™Ö™", "ö_ö_ö")]
    [InlineData("Data🐨dog🐶 繋がっ⛰てて", "data_dog_繋がっ_てて")]
    [InlineData("", "")]
    [InlineData("_", "")]
    [InlineData("2fa-service", "2fa-service")]
    [InlineData("\u212a", "k")] // U+212A: its lower form is shorter
    [InlineData("e\u0301", "e")] // a mark is no letter
    [InlineData("٣.٤", "٣.٤")]
    public void Tag_values(string value, string normal) => Assert.Equal(normal, TagValueOf(value));

    public static TheoryData<string, string> LongTagValues => new()
    {
        { new string('a', 888), new string('a', 200) },
        { "a" + string.Concat(Enumerable.Repeat("🐶", 799)), "a" },
        { new string('é', 300), new string('é', 200) },
        { "a" + new string('#', 198) + "bc", "a_b" },
    };

    [Theory]
    [MemberData(nameof(LongTagValues))]
    public void Long_tag_values(string value, string normal) => Assert.Equal(normal, TagValueOf(value));

    [Theory]
    [InlineData("pylons.controller", "pylons.controller")]
    [InlineData("trace-api.request", "trace_api.request")]
    [InlineData("bad-name", "bad_name")]
    [InlineData("&&&&&&&_test-name-", "test_name")]
    [InlineData("a--b", "a_b")]
    [InlineData("x///y", "x_y")]
    [InlineData("a_.b", "a.b")]
    [InlineData("a._b", "a.b")]
    [InlineData("a..b", "a..b")]
    [InlineData("Ab9", "Ab9")]
    [InlineData("&***", "")]
    [InlineData("/", "")]
    [InlineData("", "")]
    [InlineData("é", "")]
    public void Names(string name, string normal) => Assert.Equal(normal, NameOf(name));

    public static TheoryData<string, string, string> Services => new()
    {
        { "bad&service", "", "bad_service" },
        { string.Concat(Enumerable.Repeat("Too$Long$.", 20)), "", string.Concat(Enumerable.Repeat("too_long_.", 10)) },
        { "", "", "unnamed-service" },
        { "", ".NET", "unnamed-.net-service" },
        { "###", "nodejs", "unnamed-nodejs-service" },
        { "", "C++ ", "unnamed-c_-service" },
        { "2fa-service", "go", "2fa-service" },
        { new string('a', 99) + "éb", "", new string('a', 99) },
    };

    [Theory]
    [MemberData(nameof(Services))]
    public void Row_service(string service, string language, string normal) => Assert.Equal(normal, One(new SampleSpan { Service = service }, language).Service);

    [Theory]
    [InlineData("peer.service", "Bad Service!", "bad_service")]
    [InlineData("peer.service", "##", "")]
    [InlineData("peer.service", "", "")]
    [InlineData("_dd.base_service", "A&B", "a_b")]
    [InlineData("env", "Prod EU", "prod_eu")]
    [InlineData("env", "##", "")]
    public void Row_tags_with_a_normal_form(string key, string value, string normal) =>
        Assert.Equal(normal, One(new SampleSpan { Meta = new Dictionary<string, string> { [key] = value } }).Meta[key]);

    [Fact]
    public void Row_peer_service_is_cut_to_100_and_env_is_not()
    {
        string longText = new('a', 150);
        Pb.Span span = One(new SampleSpan { Meta = new Dictionary<string, string> { ["peer.service"] = longText, ["env"] = longText } });
        Assert.Equal((longText[..100], longText), (span.Meta["peer.service"], span.Meta["env"]));
    }

    [Theory]
    [InlineData("/", "unnamed_operation")]
    [InlineData("&***", "unnamed_operation")]
    [InlineData("", "unnamed_operation")]
    public void Row_name_and_the_resource_that_follows_it(string name, string normal)
    {
        Pb.Span span = One(new SampleSpan { Name = name, Resource = "" });
        Assert.Equal((normal, normal), (span.Name, span.Resource));
        Assert.Equal("kept as it is!", One(new SampleSpan { Resource = "kept as it is!" }).Resource);
    }

    [Fact]
    public void Row_name_is_cut_to_100() =>
        Assert.Equal(string.Concat(Enumerable.Repeat("Too_Long.", 10)), One(new SampleSpan { Name = string.Concat(Enumerable.Repeat("Too-Long-.", 20)) }).Name);

    [Theory]
    [InlineData(123, 123, 123, 0)]
    [InlineData(123, 456, 456, 456)]
    [InlineData(123, 456, 123, 123)]
    public void Row_parent_id(ulong trace, ulong span, ulong parent, ulong normal) =>
        Assert.Equal(normal, One(new SampleSpan { TraceId = trace, SpanId = span, ParentId = parent }).ParentId);

    public static TheoryData<string, long, long, long, long> Times
    {
        get
        {
            long now = new FakeClock().NowNs;
            const long Start = 1_700_000_000_000_000_000;
            return new()
            {
                { "as sent", Start, 5, Start, 5 },
                { "negative duration", Start, -5, Start, 0 },
                { "the last duration that fits", Start, long.MaxValue - Start, Start, long.MaxValue - Start },
                { "one more", Start, long.MaxValue - Start + 1, Start, 0 },
                { "2000-01-01", 946_684_800_000_000_000, 5, 946_684_800_000_000_000, 5 },
                { "before", 946_684_799_999_999_999, 5, now - 5, 5 },
                { "no start", 0, 5, now - 5, 5 },
                { "negative start", long.MinValue, 5, now - 5, 5 },
                { "a duration longer than the epoch", 0, now + 1, now, now + 1 },
                { "and longer than time", 0, long.MaxValue, now, 0 },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Times))]
    public void Row_start_and_duration(string row, long start, long duration, long normalStart, long normalDuration)
    {
        Pb.Span span = One(new SampleSpan { Start = start, Duration = duration });
        Assert.True((normalStart, normalDuration) == (span.Start, span.Duration), $"{row}: {span.Start} {span.Duration}");
    }

    [Fact]
    public void Row_type_is_cut_to_100() => Assert.Equal(new string('t', 100), One(new SampleSpan { Type = new string('t', 101) }).Type);

    [Theory]
    [InlineData("100", true)]
    [InlineData("599", true)]
    [InlineData("0200", true)]
    [InlineData("+200", true)]
    [InlineData("+", false)]
    [InlineData("99", false)]
    [InlineData("600", false)]
    [InlineData("", false)]
    [InlineData("-200", false)]
    [InlineData("200 OK", false)]
    [InlineData("99999999999999999999", false)]
    public void Row_status_code(string status, bool isKept)
    {
        Pb.Span span = One(new SampleSpan
        {
            Meta = new Dictionary<string, string> { ["a"] = "b", ["http.status_code"] = status, ["c"] = "d" },
            Metrics = new Dictionary<string, double> { ["http.status_code"] = 7 },
        });
        Assert.Equal(isKept ? status : null, span.Meta.GetValueOrDefault("http.status_code"));
        Assert.Equal((7, "b", "d"), (span.Metrics["http.status_code"], span.Meta["a"], span.Meta["c"]));
    }

    [Fact]
    public void Row_link_names()
    {
        var body = new MsgPackWriter().Array(1).Array(1).Map(3).Str("trace_id").Int(1).Str("span_id").Int(2).Str("span_links").Array(1).Map(1)
            .Str("attributes").Map(2).Str("link.name").Str("My-Link").Str("other").Str("My-Link");
        Pb.SpanLink link = Assert.Single(new TraceRig().SendOne(body.ToArray()).SpanLinks);
        Assert.Equal(("My_Link", "My-Link"), (link.Attributes["link.name"], link.Attributes["other"]));
    }

    [Theory]
    [InlineData("trace id 0", 0, 2, 1)]
    [InlineData("span id 0", 1, 0, 1)]
    [InlineData("another trace id than the first span's", 3, 2, 1)]
    public void Row_ids_make_the_trace_invalid(string row, ulong trace, ulong span, ulong firstTrace)
    {
        var rig = new TraceRig();
        var first = new SampleSpan { TraceId = firstTrace, SpanId = 9 };
        rig.Send<TraceV04>(SampleSpan.V04([first, new SampleSpan { TraceId = trace, SpanId = span }], [first]));
        Assert.True(Assert.Single(rig.TakeOne().Chunks).Spans.Count == 1, row);
        Assert.Equal((1, 2), (rig.Counters.Accepted, rig.Counters.DroppedFor(Mayfly.Diagnostics.DropReason.Malformed)));
    }

    [Fact]
    public void Tag_values_twice_are_as_once_and_bounded() => Prop.ForAll(Text.ToArbitrary(), static text =>
    {
        string once = TagValueOf(text);
        Assert.Equal(once, TagValueOf(once));
        Assert.True(TagValue.IsNormal(Encoding.UTF8.GetBytes(once)) || once.Any(static c => c > 0x7f), once);
        Assert.InRange(Encoding.UTF8.GetByteCount(once), 0, Math.Min(Encoding.UTF8.GetByteCount(text), 400));
    }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(500).WithReplay(20261128, 7));

    [Fact]
    public void Names_twice_are_as_once_and_bounded() => Prop.ForAll(Text.ToArbitrary(), static text =>
    {
        string once = NameOf(text);
        Assert.Equal(once, NameOf(once));
        Assert.True(once.Length == 0 || OperationName.IsNormal(Encoding.UTF8.GetBytes(once)), once);
        Assert.InRange(once.Length, 0, Encoding.UTF8.GetByteCount(text));
    }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(500).WithReplay(20261128, 7));

    /// <summary>What one agent made of a trace is left alone by the next one.</summary>
    [Fact]
    public void Spans_twice_are_as_once() => Prop.ForAll(
        (from texts in Text.ArrayOf(7) from times in ArbMap.Default.GeneratorFor<long>().ArrayOf(2) select (texts, times)).ToArbitrary(),
        static sample =>
        {
            Pb.Span once = One(new SampleSpan
            {
                Service = sample.texts[0], Name = sample.texts[1], Resource = sample.texts[2], Type = sample.texts[3], Start = sample.times[0],
                Duration = sample.times[1],
                Meta = new Dictionary<string, string>
                {
                    ["env"] = sample.texts[4], ["peer.service"] = sample.texts[5], ["http.status_code"] = sample.texts[6], [sample.texts[6]] = "x",
                },
            });
            Pb.Span twice = One(new SampleSpan
            {
                Service = once.Service, Name = once.Name, Resource = once.Resource, Type = once.Type, Start = once.Start, Duration = once.Duration,
                Meta = once.Meta, Metrics = once.Metrics,
            });
            Assert.Equal(once, twice);
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(200).WithReplay(20261128, 7));

    private static string TagValueOf(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        byte[] output = new byte[bytes.Length];
        string normal = Encoding.UTF8.GetString(output, 0, TagValue.Normalize(bytes, output));
        Assert.True(!TagValue.IsNormal(bytes) || normal == text, text);
        return normal;
    }

    private static string NameOf(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        byte[] output = new byte[bytes.Length];
        string normal = Encoding.UTF8.GetString(output, 0, OperationName.Normalize(bytes, output));
        Assert.True(!OperationName.IsNormal(bytes) || normal == text, text);
        return normal;
    }

    private static Pb.Span One(SampleSpan span, string language = "")
    {
        var rig = new TraceRig();
        rig.Send<TraceV04>(SampleSpan.V04([span]), new TraceHeaders { Language = language });
        return Assert.Single(Assert.Single(rig.TakeOne().Chunks).Spans);
    }
}
