using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/05-config.md 12, the decision under the table.</summary>
public class FlushStrategyTests
{
    [Theory]
    [InlineData(null, FlushMode.Adaptive, 0, false)]
    [InlineData("default", FlushMode.Adaptive, 0, false)]
    [InlineData("end", FlushMode.End, 0, false)]
    [InlineData("end,1000", FlushMode.EndPeriodically, 1000, false)]
    [InlineData("periodically,60000", FlushMode.Periodically, 60000, false)]
    [InlineData("continuously,1", FlushMode.Continuously, 1, false)]
    [InlineData("periodically", FlushMode.Periodically, 10_000, false)]
    [InlineData("continuously", FlushMode.Continuously, 30_000, false)]
    [InlineData(" End , 10 ", FlushMode.EndPeriodically, 10, false)]
    [InlineData("END", FlushMode.End, 0, false)]
    [InlineData("Default", FlushMode.Adaptive, 0, false)]
    [InlineData("periodically,", FlushMode.Adaptive, 0, true)]
    [InlineData("periodically,0", FlushMode.Adaptive, 0, true)]
    [InlineData("periodically,-1", FlushMode.Adaptive, 0, true)]
    [InlineData("periodically,99999999999999", FlushMode.Adaptive, 0, true)]
    [InlineData("end,soon", FlushMode.Adaptive, 0, true)]
    [InlineData("end,1,2", FlushMode.Adaptive, 0, true)]
    [InlineData("sometimes", FlushMode.Adaptive, 0, true)]
    public void Rows(string? text, FlushMode mode, int ms, bool isWarned)
    {
        Settings settings = text is null ? Environments.Read() : Environments.Read((Keys.FlushStrategy, text));
        Assert.Equal(new FlushStrategy(mode, TimeSpan.FromMilliseconds(ms)), settings.FlushStrategy);
        Assert.Equal(isWarned, settings.Warnings.Any(static warning => warning.StartsWith(Keys.FlushStrategy, StringComparison.Ordinal)));
    }
}
