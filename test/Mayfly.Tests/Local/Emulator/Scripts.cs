using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>Runtimes and extensions as bash programs that speak HTTP through <c>/dev/tcp</c>: nothing else has to be installed.</summary>
internal static class Scripts
{
    private const string Library = """
        call() {
          exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API#*:}"
          printf '%s %s HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n%s' "$1" "$2" "$3" "${#4}" "$4" >&3
          answer=$(cat <&3)
          exec 3>&-
        }
        header() { sed -n "s/^$1: \(.*\)\r$/\1/p" <<<"$answer"; }
        next() { call GET /2018-06-01/runtime/invocation/next '' ''; request=$(header Lambda-Runtime-Aws-Request-Id); }
        respond() { call POST "/2018-06-01/runtime/invocation/$request/response" '' "$1"; }
        register() {
          call POST /2020-01-01/extension/register "Lambda-Extension-Name: ${0##*/}"$'\r\n' "{\"events\":[$1]}"
          id="Lambda-Extension-Identifier: $(header Lambda-Extension-Identifier)"$'\r\n'
          if [ -n "$SINK" ]; then
            wanted='"schemaVersion":"'"${SCHEMA:-2022-12-13}"'","types":["platform","function","extension"]'
            destination="\"destination\":{\"protocol\":\"HTTP\",\"URI\":\"http://sandbox:$SINK\"}"
            call PUT /2022-07-01/telemetry "$id" "{$wanted,$destination,\"buffering\":{\"timeoutMs\":${BUFFERED:-25}}}"
          fi
        }
        event() { call GET /2020-01-01/extension/event/next "$id" ''; }

        """;

    private const string Both = "\"INVOKE\",\"SHUTDOWN\"";

    /// <summary>A runtime that runs <paramref name="handler"/> for each event and answers <c>"ok"</c>.</summary>
    public static ProcessCommand Runtime(string handler = ":", string init = ":") =>
        Bash($"{init}\nwhile true; do next; {{ {handler}; }}; respond '\"ok\"'; done", "runtime");

    /// <summary>An extension that runs the given words at INVOKE and SHUTDOWN and then goes on, or exits with 0 after SHUTDOWN.</summary>
    public static ExtensionCommand Extension(
        string name = "ext", string invoke = ":", string shutdown = ":", string init = ":", int sink = 0, string events = Both)
    {
        string body = $$"""
            register '{{events}}'
            {{init}}
            while true; do
              event
              case $answer in
                *'"SHUTDOWN"'*) {{shutdown}}; exit 0;;
                *'"INVOKE"'*) {{invoke}};;
                *) exit 9;;
              esac
            done
            """;
        ProcessCommand command = Bash(body, name);
        return new ExtensionCommand(name, sink == 0 ? command : command with { Environment = new Dictionary<string, string> { ["SINK"] = $"{sink}" } });
    }

    public static ProcessCommand Bash(string script, string name = "script") => new("/bin/bash", "-c", Library + script, name);

    public static void Need() => Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/bin/bash"), "needs Linux and bash");
}
