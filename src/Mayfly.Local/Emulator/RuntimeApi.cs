using System.Globalization;
using System.Text.Json;

namespace Mayfly.Local.Emulator;

/// <summary>
/// The Runtime API: next, response, error, init error, and with SnapStart restore next and restore error
/// (docs/spec/07-observed-clients.md#3-the-runtime-api-clients).
/// </summary>
internal sealed class RuntimeApi(Sandbox sandbox, EmulatorOptions options)
{
    /// <summary>AWS's limit for events and responses: 6 MiB and a little.</summary>
    public const int MaxPayloadBytes = 6 * 1024 * 1024 + 100;

    private const string ErrorTypeHeader = "Lambda-Runtime-Function-Error-Type";
    private const string InvocationPrefix = "runtime/invocation/";

    private readonly TimeProvider _time = options.Time;

    /// <summary>Handles a path below <c>/2018-06-01/</c>; false = no such path.</summary>
    public bool TryHandle(HttpContext http, string path, out Task handled)
    {
        string method = http.Request.Method;
        string[] parts = path.StartsWith(InvocationPrefix, StringComparison.Ordinal) ? path[InvocationPrefix.Length..].Split('/') : [];
        Task? started = (path, method) switch
        {
            ("ping", "GET") => ApiAnswer.TextAsync(http, StatusCodes.Status200OK, "pong"),
            ("runtime/invocation/next", "GET") => NextAsync(http),
            ("runtime/init/error", "POST") => InitErrorAsync(http),
            ("runtime/restore/next", "GET") when options.IsSnapStart => RestoreNextAsync(http),
            ("runtime/restore/error", "POST") when options.IsSnapStart => RestoreErrorAsync(http),
            (_, "POST") when parts is [{ Length: > 0 }, "response" or "error"] => RespondAsync(http, parts[0], isError: parts[1] == "error"),
            _ => null,
        };
        handled = started ?? Task.CompletedTask;
        return started is not null;
    }

    private async Task NextAsync(HttpContext http)
    {
        SandboxGeneration generation = sandbox.Generation;
        RuntimeSession runtime = generation.Runtime;
        if (!runtime.TryNext(out TaskCompletionSource<Invocation>? wait, out string state))
        {
            await ApiAnswer.TransitionAsync(http, ApiAnswer.InvalidStateTransition, state, "Ready", "runtime");
            return;
        }

        generation.RegistrationOpen = false;
        sandbox.Saw(SandboxEventKind.NextCalled, EmulatorOptions.RuntimeName);
        if (await LongPoll.WaitAsync(http, wait, () => runtime.Abandon(wait)) is not { } invocation)
        {
            return;
        }

        IHeaderDictionary headers = http.Response.Headers;
        headers["Lambda-Runtime-Aws-Request-Id"] = invocation.RequestId;
        headers["Lambda-Runtime-Deadline-Ms"] = invocation.DeadlineMs.ToString(CultureInfo.InvariantCulture);
        headers["Lambda-Runtime-Invoked-Function-Arn"] = invocation.FunctionArn;
        if (invocation.TraceHeader is { } trace)
        {
            headers["Lambda-Runtime-Trace-Id"] = trace;
        }

        if (invocation.ClientContext is { } context)
        {
            headers["Lambda-Runtime-Client-Context"] = context;
        }

        sandbox.Saw(SandboxEventKind.EventDelivered, EmulatorOptions.RuntimeName, invocation.RequestId);
        await ApiAnswer.WriteAsync(http, StatusCodes.Status200OK, "application/json", invocation.Payload);
    }

    private async Task RespondAsync(HttpContext http, string requestId, bool isError)
    {
        RuntimeSession runtime = sandbox.Generation.Runtime;
        if (runtime.Expects(requestId) is var expected and not AnswerOutcome.Taken)
        {
            await RefuseAsync(http, expected, "", isError);
            return;
        }

        long started = _time.GetTimestamp();
        byte[]? body = await ApiAnswer.ReadBodyAsync(http, MaxPayloadBytes);
        string? errorType = isError ? ValidErrorType(http) : null;
        bool isTooLarge = body is null;
        if (body is null)
        {
            errorType = FatalError.ResponseTooLarge;
            body = ErrorDocument(errorType, $"Response payload size exceeded maximum allowed payload size ({MaxPayloadBytes} bytes).");
        }

        var response = new InvocationResponse(body, errorType, started, _time.GetTimestamp());
        AnswerOutcome outcome = runtime.Answer(requestId, response, out string state);
        if (outcome != AnswerOutcome.Taken)
        {
            await RefuseAsync(http, outcome, state, isError);
            return;
        }

        sandbox.Saw(SandboxEventKind.ResponsePosted, EmulatorOptions.RuntimeName, errorType ?? "success");
        await (isTooLarge
            ? ApiAnswer.ErrorAsync(
                http, StatusCodes.Status413PayloadTooLarge, "RequestEntityTooLarge", $"Exceeded maximum allowed payload size ({MaxPayloadBytes} bytes).")
            : ApiAnswer.AcceptedAsync(http));
    }

    private static Task RefuseAsync(HttpContext http, AnswerOutcome outcome, string state, bool isError) => outcome switch
    {
        AnswerOutcome.WrongState => ApiAnswer.TransitionAsync(
            http, ApiAnswer.InvalidStateTransition, state, isError ? "InvocationErrorResponse" : "InvocationResponse", "runtime"),
        AnswerOutcome.TimedOut => ApiAnswer.ErrorAsync(http, StatusCodes.Status410Gone, "InvokeTimeout", "Invoke timeout"),
        _ => ApiAnswer.ErrorAsync(http, StatusCodes.Status400BadRequest, "InvalidRequestID", "Invalid request ID"),
    };

    private async Task RestoreNextAsync(HttpContext http)
    {
        SandboxGeneration generation = sandbox.Generation;
        var runtime = (OnDemandRuntime)generation.Runtime;
        if (!runtime.TryRestoreNext(out TaskCompletionSource<RestoreOrder>? wait, out string state))
        {
            await ApiAnswer.TransitionAsync(http, ApiAnswer.InvalidStateTransition, state, "Ready", "runtime");
            return;
        }

        generation.RegistrationOpen = false;
        sandbox.Saw(SandboxEventKind.NextCalled, EmulatorOptions.RuntimeName, "restore");
        if (await LongPoll.WaitAsync(http, wait, () => { }) is not null)
        {
            sandbox.Saw(SandboxEventKind.EventDelivered, EmulatorOptions.RuntimeName, "restore");
            http.Response.ContentLength = 0;
        }
    }

    private async Task RestoreErrorAsync(HttpContext http)
    {
        await ApiAnswer.ReadBodyAsync(http, MaxPayloadBytes);
        string errorType = ValidErrorType(http);
        if (!((OnDemandRuntime)sandbox.Generation.Runtime).TryRestoreError(errorType, out string state))
        {
            await ApiAnswer.TransitionAsync(http, ApiAnswer.InvalidStateTransition, state, "RuntimeRestoreErrorState", "runtime");
            return;
        }

        sandbox.Saw(SandboxEventKind.ResponsePosted, EmulatorOptions.RuntimeName, errorType);
        await ApiAnswer.AcceptedAsync(http);
    }

    private async Task InitErrorAsync(HttpContext http)
    {
        SandboxGeneration generation = sandbox.Generation;
        long started = _time.GetTimestamp();
        byte[] body = await ApiAnswer.ReadBodyAsync(http, MaxPayloadBytes) ?? [];
        string errorType = ValidErrorType(http);
        if (!generation.Runtime.TryInitError(new InvocationResponse(body, errorType, started, _time.GetTimestamp()), out string state))
        {
            await ApiAnswer.TransitionAsync(http, ApiAnswer.InvalidStateTransition, state, "InitError", "runtime");
            return;
        }

        sandbox.Saw(SandboxEventKind.ResponsePosted, EmulatorOptions.RuntimeName, errorType);
        await ApiAnswer.AcceptedAsync(http);

        // A process still has to end before init counts as failed; who plays the runtime has no process.
        if (generation.RuntimeProcess is null)
        {
            generation.Fail(FatalError.RuntimeExit, "Runtime reported an init error");
        }
    }

    public static byte[] ErrorDocument(string errorType, string message) => ApiAnswer.Json((Utf8JsonWriter writer) =>
    {
        writer.WriteString("errorType", errorType);
        writer.WriteString("errorMessage", message);
    });

    /// <summary>
    /// AWS takes any type with <c>Runtime.</c> or <c>Function.</c> before a capital and letters; all else is unknown.
    /// </summary>
    private static string ValidErrorType(HttpContext http)
    {
        string given = http.Request.Headers[ErrorTypeHeader].ToString();
        return ErrorTypes.Matches(given, "Runtime.") || ErrorTypes.Matches(given, "Function.") ? given
            : given.StartsWith("Function.", StringComparison.Ordinal) ? "Function.Unknown"
            : FatalError.RuntimeUnknown;
    }
}
