using System.Net.Http.Headers;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.Tests.Local.Intake;

/// <summary>An intake on a free port and a client that talks to it as an agent does.</summary>
public abstract class IntakeFixture : IAsyncLifetime
{
    protected const string Key = "0123456789abcdef0123456789abcdef";
    protected static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    protected LocalIntake Intake { get; private set; } = null!;

    protected HttpClient Client { get; } = new() { Timeout = Soon };

    public virtual async ValueTask InitializeAsync() => Intake = await FreePorts.IntakeAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Intake.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected Task<HttpResponseMessage> PostAsync(string path, byte[] body, string? encoding = null, CancellationToken cancellation = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Intake.Url + path) { Content = new ByteArrayContent(body) };
        request.Headers.Add("DD-API-KEY", Key);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        if (encoding is not null)
        {
            request.Content.Headers.ContentEncoding.Add(encoding);
        }

        return Client.SendAsync(request, cancellation);
    }
}
