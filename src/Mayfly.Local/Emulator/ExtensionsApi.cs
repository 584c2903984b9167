using System.Text.Json;

namespace Mayfly.Local.Emulator;

/// <summary>The Extensions API: register, next, init error, exit error (docs/spec/07-observed-clients.md#1-extensions-api-as-answered-by-awss-code).</summary>
internal sealed class ExtensionsApi(Sandbox sandbox, EmulatorOptions options)
{
    public const string IdentifierHeader = "Lambda-Extension-Identifier";

    private const int MaxBodyBytes = 256 * 1024;
    private const string NameHeader = "Lambda-Extension-Name";
    private const string FeatureHeader = "Lambda-Extension-Accept-Feature";
    private const string ErrorTypeHeader = "Lambda-Extension-Function-Error-Type";
    private const string InvalidState = "Extension.InvalidExtensionState";

    /// <summary>Handles a path below <c>/2020-01-01/extension/</c>; false = no such path.</summary>
    public bool TryHandle(HttpContext http, string path, out Task handled)
    {
        Task? started = (path, http.Request.Method) switch
        {
            ("register", "POST") => RegisterAsync(http),
            ("event/next", "GET") => NextAsync(http),
            ("init/error", "POST") => ErrorAsync(http, isInit: true),
            ("exit/error", "POST") => ErrorAsync(http, isInit: false),
            _ => null,
        };
        handled = started ?? Task.CompletedTask;
        return started is not null;
    }

    /// <summary>Finds the caller; null = a 403 has been answered.</summary>
    public static async Task<ExtensionSession?> IdentifyAsync(HttpContext http, SandboxGeneration generation)
    {
        string identifier = http.Request.Headers[IdentifierHeader].ToString();
        if (identifier.Length == 0)
        {
            await ApiAnswer.ForbiddenAsync(http, "Extension.MissingExtensionIdentifier", $"Missing {IdentifierHeader} header");
            return null;
        }

        if (!Guid.TryParse(identifier, out Guid id))
        {
            await ApiAnswer.ForbiddenAsync(http, "Extension.InvalidExtensionIdentifier", $"Invalid {IdentifierHeader}");
            return null;
        }

        ExtensionSession? extension = generation.Find(id);
        if (extension is null)
        {
            await ApiAnswer.ForbiddenAsync(http, "Extension.UnknownExtensionIdentifier", $"Unknown extension {id}");
        }

        return extension;
    }

    private async Task RegisterAsync(HttpContext http)
    {
        string name = http.Request.Headers[NameHeader].ToString();
        if (name.Length == 0)
        {
            await ApiAnswer.ForbiddenAsync(http, "Extension.InvalidExtensionName", "Empty extension name");
            return;
        }

        byte[] body = await ApiAnswer.ReadBodyAsync(http, MaxBodyBytes) ?? [];
        if (!TryParseEvents(body, out string[] events, out string message))
        {
            await ApiAnswer.ForbiddenAsync(http, "InvalidRequestFormat", message);
            return;
        }

        SandboxGeneration generation = sandbox.Generation;
        ExtensionSession? extension = generation.FindExternal(name);
        foreach (string unknown in events.Where(one => !IsEvent(one)))
        {
            await ApiAnswer.ForbiddenAsync(http, "Extension.InvalidEventType", $"{unknown}: ErrorInvalidEventType");
            return;
        }

        if (extension is null && options.IsManaged && events.Length > 0)
        {
            await ApiAnswer.ForbiddenAsync(http, "Extension.InvalidEventType", "No events allowed for internal extensions");
            return;
        }

        if (extension is null && events.Contains(ExtensionSession.Shutdown))
        {
            await ApiAnswer.ForbiddenAsync(http, "Extension.InvalidEventType", "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension");
            return;
        }

        // A played runtime may be ahead of the extensions that are still to be started.
        bool isExpected = extension?.Registered.IsCompleted == false;
        if (!generation.RegistrationOpen && !isExpected)
        {
            await ApiAnswer.ForbiddenAsync(http, "Extension.RegistrationClosed", "Extension registration closed already");
            return;
        }

        extension ??= generation.TryAddInternal(name, out string errorType, out message) ?? await RefuseAsync(http, errorType, message);
        if (extension is null)
        {
            return;
        }

        if (!extension.TryRegister(events, out string state))
        {
            await ApiAnswer.TransitionAsync(http, InvalidState, state, "Registered", "extension " + name);
            return;
        }

        sandbox.Saw(SandboxEventKind.Registered, name, string.Join(',', events));
        http.Response.Headers[IdentifierHeader] = extension.Id.ToString();
        bool wantsAccount = http.Request.Headers[FeatureHeader].ToString().Split(',', StringSplitOptions.TrimEntries).Contains("accountId");
        await ApiAnswer.JsonAsync(http, StatusCodes.Status200OK, writer =>
        {
            writer.WriteString("functionName", options.FunctionName);
            writer.WriteString("functionVersion", options.FunctionVersion);
            writer.WriteString("handler", options.Handler);
            if (wantsAccount)
            {
                writer.WriteString("accountId", options.AccountId);
            }
        });
    }

    /// <summary>Managed instances have no INVOKE.</summary>
    private bool IsEvent(string name) => name == ExtensionSession.Shutdown || (name == ExtensionSession.Invoke && !options.IsManaged);

    private static async Task<ExtensionSession?> RefuseAsync(HttpContext http, string errorType, string message)
    {
        await ApiAnswer.ForbiddenAsync(http, errorType, message);
        return null;
    }

    private async Task NextAsync(HttpContext http)
    {
        if (await IdentifyAsync(http, sandbox.Generation) is not { } extension)
        {
            return;
        }

        if (!extension.TryNext(out TaskCompletionSource<ExtensionEvent>? wait, out string state))
        {
            await ApiAnswer.TransitionAsync(http, InvalidState, state, "Ready", "extension " + extension.Id);
            return;
        }

        sandbox.Saw(SandboxEventKind.NextCalled, extension.Name);
        if (await LongPoll.WaitAsync(http, wait, () => extension.Abandon(wait)) is not { } happening)
        {
            return;
        }

        sandbox.Saw(SandboxEventKind.EventDelivered, extension.Name, happening.Type);
        if (happening.Type == ExtensionSession.Shutdown)
        {
            await ApiAnswer.WriteAsync(http, StatusCodes.Status200OK, "text/plain; charset=utf-8", happening.Body);
            return;
        }

        http.Response.Headers["Lambda-Extension-Event-Identifier"] = Guid.NewGuid().ToString();
        await ApiAnswer.WriteAsync(http, StatusCodes.Status200OK, "application/json", happening.Body);
    }

    private async Task ErrorAsync(HttpContext http, bool isInit)
    {
        SandboxGeneration generation = sandbox.Generation;
        if (await IdentifyAsync(http, generation) is not { } extension)
        {
            return;
        }

        string given = http.Request.Headers[ErrorTypeHeader].ToString();
        if (given.Length == 0)
        {
            await ApiAnswer.ForbiddenAsync(http, "Extension.MissingHeader", $"{ErrorTypeHeader} not found");
            return;
        }

        string fatal = isInit ? FatalError.ExtensionInit : FatalError.ExtensionExit;
        string errorType = ErrorTypes.Matches(given, "Extension.") ? given : fatal;
        if (!extension.TryFail(isInit, errorType, out string state))
        {
            await ApiAnswer.TransitionAsync(http, InvalidState, state, isInit ? "InitError" : "Exited", "extension " + extension.Id);
            return;
        }

        generation.Announce(fatal);
        sandbox.Saw(SandboxEventKind.ResponsePosted, extension.Name, errorType);
        await ApiAnswer.AcceptedAsync(http);

        // The sandbox fails once the process ends; who plays an extension has no process.
        if (!generation.ExtensionProcesses.ContainsKey(extension.Name))
        {
            generation.Fail(fatal, errorType);
        }
    }

    private static bool TryParseEvents(byte[] body, out string[] events, out string message)
    {
        events = [];
        message = "the body has to be an object with a list of event names";
        try
        {
            using var document = JsonDocument.Parse(body);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return false;
            }

            if (root.TryGetProperty("configurationKeys", out JsonElement keys) && keys.ValueKind == JsonValueKind.Array && keys.GetArrayLength() > 0)
            {
                message = "configurationKeys are deprecated; use environment variables instead";
                return false;
            }

            if (!root.TryGetProperty("events", out JsonElement list) || list.ValueKind == JsonValueKind.Null)
            {
                return true;
            }

            if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
            {
                return false;
            }

            events = [.. list.EnumerateArray().Select(item => item.GetString()!).Distinct()];
            return true;
        }
        catch (JsonException e)
        {
            message = e.Message;
            return false;
        }
    }
}
