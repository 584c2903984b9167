using Mayfly.Local.Demo;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.Tests.Local.Demo;

public class SpanTreeTests
{
    [Theory]
    [InlineData("nothing", "", "")]
    [InlineData("one root, two levels", "1<0@10 2<1@20 3<2@30 4<1@15", "1+0|├─ 4+5|└─ 2+10|   └─ 3+20")]
    [InlineData("line goes on beside a deeper level", "1<0@0 2<1@1 3<2@2 4<1@3", "1+0|├─ 2+1|│  └─ 3+2|└─ 4+3")]
    [InlineData("the parent is not there", "2<9@5 3<2@6", "2+0|└─ 3+1")]
    [InlineData("two roots in order of start", "2<0@7 1<0@5", "1+0|2+2")]
    [InlineData("a circle is shown once", "1<2@1 2<1@2", "1+0|└─ 2+1")]
    [InlineData("its own parent", "1<1@1", "1+0")]
    [InlineData("the same id twice", "1<0@1 1<0@2", "1+0|1+1")]
    public void Spans_become_rows(string what, string spans, string rows)
    {
        ReceivedSpan[] parsed = [.. spans.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
        IEnumerable<string> actual = SpanTree.Rows(parsed).Select(r => $"{r.Branch}{r.Span.SpanId}+{r.OffsetNs}");
        Assert.True(rows == string.Join('|', actual), $"{what}: {string.Join('|', actual)}");
    }

    private static ReceivedSpan Parse(string text)
    {
        string[] parts = text.Split('<', '@');
        return new ReceivedSpan
        {
            Service = "", Name = "", Resource = "", Type = "", TraceId = 1, SpanId = ulong.Parse(parts[0]), ParentId = ulong.Parse(parts[1]),
            StartNs = long.Parse(parts[2]), DurationNs = 0, Error = 0, Meta = new Dictionary<string, string>(), Metrics = new Dictionary<string, double>(),
            MetaStruct = new Dictionary<string, ReadOnlyMemory<byte>>(), Links = [], Events = [],
            Chunk = new ReceivedTraceChunk(1, "", new Dictionary<string, string>(), false),
            Payload = new ReceivedTracerPayload
            {
                ContainerId = "", LanguageName = "", LanguageVersion = "", TracerVersion = "", RuntimeId = "", Env = "", Hostname = "", AppVersion = "",
                Tags = new Dictionary<string, string>(), FunctionTags = [],
            },
            Agent = new ReceivedAgentPayload("", "", "", new Dictionary<string, string>(), 0, 0, false),
        };
    }
}
