using System.Text.Json;
using Mayfly.Local.Intake;

namespace Mayfly.Local.Compat;

/// <summary>Google's metadata server, as a function sees it: answers requests for all metadata at once.</summary>
/// <remarks>docs/spec/06-compat-and-init.md#a42-google-functions-one-metadata-exchange</remarks>
public sealed class MetadataServer : IAsyncDisposable
{
    private const string Path = "/computeMetadata/v1/";

    private readonly MetadataOptions _options;
    private readonly TaskCompletionSource _stopped = new();
    private IntakeServer? _server;
    private int _requests;

    private MetadataServer(MetadataOptions options) => _options = options;

    /// <summary>Value of <c>GCE_METADATA_HOST</c>.</summary>
    public string Host => $"127.0.0.1:{_server!.Port}";

    /// <summary>How often it was asked.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public static async Task<MetadataServer> StartAsync(MetadataOptions? options = null, CancellationToken cancellation = default)
    {
        var metadata = new MetadataServer(options ?? new MetadataOptions());
        metadata._server = await IntakeServer.StartAsync(new IntakeOptions(), 0, metadata.HandleAsync, cancellation);
        return metadata;
    }

    public async ValueTask DisposeAsync()
    {
        _stopped.TrySetResult();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (Interlocked.Increment(ref _requests) <= _options.Unanswered)
        {
            await Task.WhenAny(_stopped.Task, Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted));
            context.Abort();
            return;
        }

        if (context.Request.Path != Path)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (context.Request.Headers["Metadata-Flavor"] != "Google")
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        context.Response.Headers["Metadata-Flavor"] = "Google";
        if (_options.ServerName.Length > 0)
        {
            context.Response.Headers.Server = _options.ServerName;
        }

        context.Response.ContentType = "application/json";
        string body = _options.Body ?? JsonSerializer.Serialize(new
        {
            instance = new { region = $"projects/123123/regions/{_options.Region}", id = "00bf4b" },
            project = new { projectId = _options.ProjectId, numericProjectId = 123123 },
        });
        await context.Response.WriteAsync(body, context.RequestAborted);
    }
}

/// <summary>What a <see cref="MetadataServer"/> answers.</summary>
public sealed record MetadataOptions
{
    public string ProjectId { get; init; } = "local-project";

    public string Region { get; init; } = "us-east1";

    /// <summary>What it says of itself in the header <c>Server</c>; empty: nothing.</summary>
    public string ServerName { get; init; } = "Metadata Server for Serverless";

    /// <summary>So many requests get no answer before it begins to give some.</summary>
    public int Unanswered { get; init; }

    /// <summary>The body of the answer; null: project and region.</summary>
    public string? Body { get; init; }
}
