using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Mayfly.Diagnostics;
using Mayfly.Local.Compat;
using Mayfly.Platforms.Compat;
using Mayfly.Tests.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Platforms.Compat;

/// <summary>docs/spec/06-compat-and-init.md A4.2, F2 and G13.</summary>
public class GoogleMetadataTests
{
    [Theory]
    [InlineData("projects/123123/regions/us-east1", "us-east1")]
    [InlineData("invalid/parts/count", "unknown")]
    [InlineData("", "unknown")]
    [InlineData("a/b/c/", "unknown")]
    [InlineData("a/b/c/d/e", "unknown")]
    [InlineData(null, "unknown")]
    public void Region(string? text, string expected) => Assert.Equal(expected, GoogleMetadata.RegionOf(text));

    [Theory]
    [InlineData("""{"instance":{"region":"projects/123123/regions/us-east1"},"project":{"projectId":"my-project"}}""", "my-project us-east1")]
    [InlineData("""{"project":{"attributes":{"projectId":"no","x":[1,{"region":"no"}]},"projectId":"p"},"projectId":"no","instance":{}}""", "p unknown")]
    [InlineData("""{"instance":{"region":5},"project":{"projectId":null}}""", "unknown unknown")]
    [InlineData("{}", "unknown unknown")]
    public void Reads_the_answer(string json, string expected)
    {
        GooglePlace place = GoogleMetadata.Read(Encoding.UTF8.GetBytes(json));
        Assert.Equal(expected, $"{place.ProjectId} {place.Region}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"project\":")]
    [InlineData("<html>")]
    public void An_answer_that_is_no_object_is_a_failure(string json) =>
        Assert.ThrowsAny<JsonException>(() => GoogleMetadata.Read(Encoding.UTF8.GetBytes(json)));

    /// <summary>A4.2, exchange vector: with GET.</summary>
    [Fact]
    public async Task Exchange_vector()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        Task<GooglePlace> asking = AskAsync($"127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}", out _);
        using Socket client = await server.AcceptSocketAsync();
        byte[] buffer = new byte[4096];
        int length = await client.ReceiveAsync(buffer);
        string request = Encoding.ASCII.GetString(buffer, 0, length);
        Assert.StartsWith("GET /computeMetadata/v1/?recursive=true HTTP/1.1\r\n", request, StringComparison.Ordinal);
        Assert.Contains("Metadata-Flavor: Google\r\n", request, StringComparison.Ordinal);
        const string Body = """{"instance":{"region":"projects/123123/regions/us-east1"},"project":{"projectId":"my-project"}}""";
        await client.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nServer: Metadata Server for Serverless\r\nContent-Length: {Body.Length}\r\n\r\n{Body}"));
        Assert.Equal(new GooglePlace("my-project", "us-east1"), await asking);
    }

    /// <summary>F2 and G13: tried three times within a second, then it is unknown; nothing ends because of it.</summary>
    [Theory]
    [InlineData(0, 1, "local-project us-east1", 0)]
    [InlineData(2, 3, "local-project us-east1", 0)]
    [InlineData(100, 3, "unknown unknown", 1)]
    public Task F2_No_answer_is_waited_for_three_times(int unanswered, int requests, string expected, int warnings) => Attempts.OneKeepsTheTimeAsync(async () =>
    {
        await using MetadataServer server = await MetadataServer.StartAsync(new MetadataOptions { Unanswered = unanswered });
        var watch = System.Diagnostics.Stopwatch.StartNew();
        GooglePlace place = await AskAsync(server.Host, out MemoryStream output, isPatient: unanswered < 100);
        Assert.Equal(expected, $"{place.ProjectId} {place.Region}");
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 20);
        Assert.Equal(warnings, Encoding.UTF8.GetString(output.ToArray()).Split("| WARN |").Length - 1);
        Assert.True(server.Requests <= requests, $"{server.Requests} requests");

        // Who stands still while an attempt lasts has not made it.
        return server.Requests == requests ? null : $"{server.Requests} requests";
    });

    /// <summary>A4.2: a refused connection is only a warning.</summary>
    [Fact]
    public async Task G13_A_refused_connection_is_a_warning()
    {
        Assert.Equal(GooglePlace.Nowhere, await AskAsync("127.0.0.1:" + AgentRig.FreePort(), out MemoryStream output, isPatient: false));
        Assert.Contains("does not tell project and region", Encoding.UTF8.GetString(output.ToArray()), StringComparison.Ordinal);
    }

    /// <summary>The reference ends when the server calls itself something else.</summary>
    [Theory]
    [InlineData("", null, "local-project us-east1", "calls itself \"\"")]
    [InlineData("Metadata Server for VM", null, "local-project us-east1", "calls itself \"Metadata Server for VM\"")]
    [InlineData("Metadata Server for Serverless", "<html>", "unknown unknown", "does not tell")]
    public async Task Other_servers_are_warned_of(string name, string? body, string expected, string warning)
    {
        await using MetadataServer server = await MetadataServer.StartAsync(new MetadataOptions { ServerName = name, Body = body });
        GooglePlace place = await AskAsync(server.Host, out MemoryStream output, isPatient: body is null);
        Assert.Equal(expected, $"{place.ProjectId} {place.Region}");
        Assert.Contains(warning, Encoding.UTF8.GetString(output.ToArray()), StringComparison.Ordinal);
    }

    /// <param name="host">Who is asked.</param>
    /// <param name="output">What is logged.</param>
    /// <param name="isPatient">An answer that comes late on a busy machine is waited for.</param>
    private static Task<GooglePlace> AskAsync(string host, out MemoryStream output, bool isPatient = true)
    {
        output = new MemoryStream();
        var metadata = new GoogleMetadata(host, TimeProvider.System, new Log(LogLevel.Info, output));
        var patient = new GoogleMetadata(host, TimeProvider.System, new Log(LogLevel.Info, output))
        {
            LongestAttempt = TimeSpan.FromSeconds(3), Budget = TimeSpan.FromSeconds(30),
        };
        return (isPatient ? patient : metadata).AskAsync(CancellationToken.None);
    }
}
