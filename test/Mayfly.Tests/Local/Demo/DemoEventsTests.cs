using System.Text;
using Mayfly.Local.Demo;
using Xunit;

namespace Mayfly.Tests.Local.Demo;

public class DemoEventsTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_000);

    [Theory]
    [InlineData("""{"scenario":"ok"}""", """{"scenario":"ok"}""")]
    [InlineData("""{"Records":[{"attributes":{"SentTimestamp":"1"}},{}]}""",
        """{"Records":[{"attributes":{"SentTimestamp":"1799999999880","ApproximateFirstReceiveTimestamp":"1799999999880"}},{}]}""")]
    [InlineData("""{"requestContext":{"timeEpoch":1,"stage":"x"}}""", """{"requestContext":{"timeEpoch":1800000000000,"stage":"x"}}""")]
    [InlineData("""{"requestContext":{"stage":"x"}}""", """{"requestContext":{"stage":"x"}}""")]
    public void Times_in_an_event_become_recent_and_nothing_else_changes(string before, string after) =>
        Assert.Equal(after, Encoding.UTF8.GetString(DemoEvents.Refresh(Encoding.UTF8.GetBytes(before), Now)));
}
