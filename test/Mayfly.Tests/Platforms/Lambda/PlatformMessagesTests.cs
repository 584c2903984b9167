using System.Text;
using Mayfly.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>Bodies of the Extensions API: docs/spec/01-lambda-lifecycle.md 1.2, vectors TV1 and TV3; every cut of them.</summary>
public class PlatformMessagesTests
{
    private const string Invoke =
        """{"eventType":"INVOKE","deadlineMs":676051,"requestId":"3da1","invokedFunctionArn":"arn:T","tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1"}}""";

    [Theory]
    [InlineData(Invoke, ExtensionEventKind.Invoke, "3da1", 676051, "arn:T", "")]
    [InlineData("""{"eventType":"SHUTDOWN","shutdownReason":"spindown","deadlineMs":676051}""", ExtensionEventKind.Shutdown, "", 676051, "", "spindown")]
    [InlineData("""{"shutdownReason":"TIMEOUT","eventType":"Shutdown"}""", ExtensionEventKind.Shutdown, "", 0, "", "timeout")]
    [InlineData("""{"eventType":"INVOKE","requestId":5,"deadlineMs":"x","invokedFunctionArn":null}""", ExtensionEventKind.Invoke, "", 0, "", "")]
    [InlineData("""{"eventType":"INVOKE","deadlineMs":676051.7,"requestId":"a","extra":[{"eventType":"SHUTDOWN"}]}""", ExtensionEventKind.Invoke, "a", 676051, "", "")]
    [InlineData("""{"eventType":"INVOKE","deadlineMs":1e300}""", ExtensionEventKind.Invoke, "", 0, "", "")]
    [InlineData("""{"eventType":"RESTORE"}""", ExtensionEventKind.Unknown, "", 0, "", "")]
    [InlineData("""{"eventType":7}""", ExtensionEventKind.Unknown, "", 0, "", "")]
    [InlineData("[]", ExtensionEventKind.Unknown, null, 0, null, null)]
    [InlineData("", ExtensionEventKind.Unknown, "", 0, "", "")]
    [InlineData("{}", ExtensionEventKind.Unknown, "", 0, "", "")]
    public void Events(string body, ExtensionEventKind kind, string? id, long deadlineMs, string? arn, string? reason) =>
        Assert.Equal(new ExtensionEvent(kind, id!, deadlineMs, arn!, reason!), ExtensionEvent.Parse(Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void A_cut_or_damaged_event_is_an_event()
    {
        byte[] whole = Encoding.UTF8.GetBytes(Invoke);
        for (int length = 0; length <= whole.Length; length++)
        {
            ExtensionEvent.Parse(whole.AsSpan(0, length));
            byte[] damaged = [.. whole];
            for (int value = 0; value < 256 && length < whole.Length; value += 15)
            {
                damaged[length] = (byte)value;
                ExtensionEvent.Parse(damaged);
                Registration.Parse("id", damaged);
            }

            Registration.Parse("id", whole.AsSpan(0, length));
        }
    }

    [Theory]
    [InlineData("""{"functionName":"my-fn","functionVersion":"$LATEST","handler":"i.h","accountId":"123456789012"}""", "my-fn", "$LATEST", "123456789012")]
    [InlineData("""{"functionName":"my-fn","nested":{"accountId":"1"}}""", "my-fn", "", null)]
    [InlineData("""{"functionName":5,"accountId":7,"functionVersion":null}""", "", "", null)]
    [InlineData("""{"accountId":"1","functionName":""", "", "", "1")]
    [InlineData("nonsense", "", "", null)]
    [InlineData("", "", "", null)]
    public void Registrations(string body, string name, string version, string? account) =>
        Assert.Equal(new Registration("id", name, version, account), Registration.Parse("id", Encoding.UTF8.GetBytes(body)));
}
