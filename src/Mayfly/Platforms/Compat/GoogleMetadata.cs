using System.Net;
using System.Text.Json;
using Mayfly.Diagnostics;
using Mayfly.Lifecycle;

namespace Mayfly.Platforms.Compat;

/// <summary>Where a Google function runs.</summary>
/// <param name="ProjectId"><c>unknown</c> when nobody said.</param>
/// <param name="Region"><c>us-east1</c>; <c>unknown</c> when nobody said.</param>
public sealed record GooglePlace(string ProjectId, string Region)
{
    public const string Unknown = "unknown";

    public static GooglePlace Nowhere { get; } = new(Unknown, Unknown);
}

/// <summary>Asks Google's metadata server. Never fails: what is not told is unknown.</summary>
/// <remarks>docs/spec/06-compat-and-init.md#a42-google-functions-one-metadata-exchange</remarks>
/// <param name="host"><c>host</c> or <c>host:port</c>.</param>
/// <param name="time">The clock of the waiting.</param>
/// <param name="log">Told once why there is no answer.</param>
public sealed class GoogleMetadata(string host, TimeProvider time, Log log)
{
    public const string UsualHost = "metadata.google.internal";

    private const string ServerOfFunctions = "Metadata Server for Serverless";
    private const int AnswerLimitBytes = 1024 * 1024;
    private const int Attempts = 3;

    /// <summary>All attempts together.</summary>
    internal TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(1);

    internal TimeSpan LongestAttempt { get; init; } = TimeSpan.FromMilliseconds(300);

    public async Task<GooglePlace> AskAsync(CancellationToken stop)
    {
        // No proxy: the server is in the same machine.
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { MaxResponseContentBufferSize = AnswerLimitBytes };
        Deadline deadline = Deadline.In(time, Budget);
        string failure = "no answer";
        for (int attempt = 0; attempt < Attempts && !deadline.HasPassed && !stop.IsCancellationRequested; attempt++)
        {
            Deadline end = deadline.Within(LongestAttempt);
            using CancellationTokenSource over = end.ToCancellation();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, stop);
            try
            {
                return await AskOnceAsync(client, either.Token);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException)
            {
                failure = e is OperationCanceledException ? $"no answer within {LongestAttempt.TotalMilliseconds} ms" : e.Message;
            }

            // A refusal comes at once: the rest of the attempt's time passes before the next one.
            await end.WaitForAsync(Task.Delay(Timeout.InfiniteTimeSpan, time, stop));
        }

        log.Warn(
            $"Google's metadata server ({host}) does not tell project and region: {failure}. "
            + $"Spans carry {GooglePlace.Unknown} instead; nothing else is affected.");
        return GooglePlace.Nowhere;
    }

    /// <summary>The last of four parts: <c>projects/123/regions/us-east1</c>.</summary>
    internal static string RegionOf(string? text) => text?.Split('/') is [_, _, _, { Length: > 0 } region] ? region : GooglePlace.Unknown;

    /// <exception cref="JsonException">It is no JSON object.</exception>
    internal static GooglePlace Read(ReadOnlySpan<byte> json)
    {
        string? project = null;
        string? region = null;
        var reader = new Utf8JsonReader(json);
        string section = "";
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("the answer is no JSON object");
        }

        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            string name = reader.GetString()!;
            int depth = reader.CurrentDepth;
            reader.Read();
            if (depth == 1)
            {
                section = name;
            }
            else if (depth == 2 && reader.TokenType == JsonTokenType.String)
            {
                project = section == "project" && name == "projectId" ? reader.GetString() : project;
                region = section == "instance" && name == "region" ? reader.GetString() : region;
            }
        }

        return new GooglePlace(project is { Length: > 0 } ? project : GooglePlace.Unknown, RegionOf(region));
    }

    private async Task<GooglePlace> AskOnceAsync(HttpClient client, CancellationToken over)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{host}/computeMetadata/v1/?recursive=true")
        {
            Version = HttpVersion.Version11,
        };
        request.Headers.Add("Metadata-Flavor", "Google");
        using HttpResponseMessage answer = await client.SendAsync(request, over);
        if (!answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"it answers with {(int)answer.StatusCode}");
        }

        GooglePlace place = Read(await answer.Content.ReadAsByteArrayAsync(over));
        string server = answer.Headers.Server.ToString();
        if (server != ServerOfFunctions)
        {
            log.Warn($"The metadata server calls itself \"{server}\", not \"{ServerOfFunctions}\": this may not be a Google function. Its answer is used.");
        }

        return place;
    }
}
