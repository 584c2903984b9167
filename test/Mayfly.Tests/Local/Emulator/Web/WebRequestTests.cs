using System.Text;
using Mayfly.Local.Emulator.Web;
using Xunit;

namespace Mayfly.Tests.Local.Emulator.Web;

public class WebRequestTests
{
    private static readonly WebAdapterSettings Settings = WebAdapterSettings.Read(name => name == "AWS_LAMBDA_RUNTIME_API" ? "127.0.0.1:9001" : null)!;

    [Theory]
    [InlineData("function URL and HTTP API", """
        {"version":"2.0","rawPath":"/a b","rawQueryString":"x=1&x=%20","headers":{"accept":"*/*"},"cookies":["a=1","b=2"],
        "requestContext":{"http":{"method":"get"}}}
        """, "GET /a b?x=1&x=%20 [accept: */*, cookie: a=1; b=2] ")]
    [InlineData("REST API", """
        {"httpMethod":"POST","path":"/p","multiValueQueryStringParameters":{"q":["ä","2"]},"queryStringParameters":{"q":"2"},
        "multiValueHeaders":{"X-A":["1","2"]},"headers":{"X-A":"2"},"body":"aGk=","isBase64Encoded":true,"requestContext":{"stage":"prod"}}
        """, "POST /p?q=%C3%A4&q=2 [X-A: 1, X-A: 2] hi")]
    [InlineData("REST API without the multi-value members", """
        {"httpMethod":"PUT","path":"p","queryStringParameters":{"q":"a b"},"headers":{"h":"v"},"multiValueHeaders":null,"body":"text","requestContext":{}}
        """, "PUT /p?q=a%20b [h: v] text")]
    [InlineData("load balancer: the query is encoded already", """
        {"httpMethod":"GET","path":"/","queryStringParameters":{"q":"a%20b"},"headers":{"host":"lb"},"body":"","requestContext":{"elb":{"targetGroupArn":"x"}}}
        """, "GET /?q=a%20b [host: lb] ")]
    [InlineData("a body that is not what it says", """
        {"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"POST"}},"body":"***","isBase64Encoded":true}
        """, "POST / [] ***")]
    public void Events_of_HTTP_become_their_request(string row, string json, string expected) =>
        Assert.Equal((row, expected, true), (row, Text(json), WebRequest.Of(Encoding.UTF8.GetBytes(json), Settings).IsHttp));

    [Theory]
    [InlineData("""{"Records":[{"eventSource":"aws:sqs"}]}""")]
    [InlineData("""{"httpMethod":"GET","path":"/"}""")]
    [InlineData("""{"requestContext":{"http":{"method":7}},"rawPath":[]}""")]
    [InlineData("\"text\"")]
    [InlineData("no JSON")]
    [InlineData("")]
    public void Any_other_event_passes_through(string json) =>
        Assert.Equal($"POST /events [content-type: application/json] {json}", Text(json));

    [Fact]
    public void Settings_have_the_names_and_defaults_of_the_public_adapter()
    {
        Assert.Null(WebAdapterSettings.Read(_ => null));
        Assert.Equal((8080, 8080, 1), (Settings.Port, Settings.ReadinessPort, Settings.Concurrency));
        Assert.Equal(("/", "/events"), (Settings.ReadinessPath, Settings.PassThroughPath));
        Assert.Equal("http://127.0.0.1:9001/", Settings.InvocationApi.ToString());
        Dictionary<string, string> variables = new()
        {
            ["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:9001",
            ["AWS_LWA_LAMBDA_RUNTIME_API_PROXY"] = "127.0.0.1:9002",
            ["PORT"] = "3000",
            ["AWS_LWA_PORT"] = "no number",
            ["AWS_LWA_READINESS_CHECK_PROTOCOL"] = "TCP",
            ["AWS_LWA_REMOVE_BASE_PATH"] = "/base",
            ["AWS_LAMBDA_MAX_CONCURRENCY"] = "4",
        };
        WebAdapterSettings set = WebAdapterSettings.Read(variables.GetValueOrDefault)!;
        Assert.Equal("http://127.0.0.1:9002/", set.InvocationApi.ToString());
        Assert.Equal((3000, 3000, true, 4), (set.Port, set.ReadinessPort, set.ReadinessByTcp, set.Concurrency));
        byte[] inside = """{"rawPath":"/base/x","requestContext":{"http":{"method":"GET"}}}"""u8.ToArray();
        Assert.Equal("/x", WebRequest.Of(inside, set).Target);
    }

    private static string Text(string json)
    {
        WebRequest request = WebRequest.Of(Encoding.UTF8.GetBytes(json), Settings);
        string headers = string.Join(", ", request.Headers.Select(header => $"{header.Key}: {header.Value}"));
        return $"{request.Method} {request.Target} [{headers}] {Encoding.UTF8.GetString(request.Body)}";
    }
}
