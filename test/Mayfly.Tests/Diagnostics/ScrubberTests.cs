using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Diagnostics;
using Mayfly.Wire;
using Xunit;
using LogLevel = Mayfly.Diagnostics.LogLevel;

namespace Mayfly.Tests.Diagnostics;

/// <summary>docs/spec/04-metrics-logs.md#c14-scrubbing-rules-of-the-go-agent-own-logs-flare-config-dumps, row by row; known defect 25.</summary>
public class ScrubberTests
{
    private const string Key = "3290abeefc68e1bbe852a25252bad88c";
    private const string HiddenKey = "****************************d88c";
    private const string AppKey = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbb";
    private const string HiddenAppKey = "************************************bbbb";
    private const string Hex64 = "2fe663014abcd1850076f6d68c0355666db98758262870811cace007cd4a62ba";
    private const string Pem = "-----BEGIN PRIVATE KEY-----\n  MIICdQIBADANBgkqhkiG9w0BAQ/+==\n  8KiB\n-----END PRIVATE KEY-----";

    /// <summary>Row, text, expected.</summary>
    public static TheoryData<string, string, string> Rows => new()
    {
        // api_key= … 32 hex characters.
        { "api_key=", $"GET /api_key={Key} failed", $"GET /api_key={HiddenKey} failed" },
        { "apikey:", $"apikey: {Key}", $"apikey: {HiddenKey}" },
        { "api-key in quotes", $"\"api-key\": \"{Key}\"", $"\"api-key\": \"{HiddenKey}\"" },
        { "api_key, upper case", $"DD_API_KEY={Key.ToUpperInvariant()}", "DD_API_KEY=****************************D88C" },
        { "api_key of another length", "http://dog.tld/api_key=InvalidLength12345abbbb", $"http://dog.tld/api_key={HiddenKey[..28]}bbbb" },
        { "api_key, short", "api_key=abc", "api_key=********" },
        { "api_key, other characters", "api_key=abc-def", "api_key=********" },

        // Bare words.
        { "32 hex", $"https://intake/v1/input/{Key}", $"https://intake/v1/input/{HiddenKey}" },
        { "32 hex in a query", $"http://dog.tld/api?key={Key}&x=1", $"http://dog.tld/api?key={HiddenKey}&x=1" },
        { "32 hex, YAML list", $"- {Key},\n- {Key}", $"- {HiddenKey},\n- {HiddenKey}" },
        { "32 hex between dashes", $"00-{Key}-b7ad6b7169203331-01", $"00-{HiddenKey}-b7ad6b7169203331-01" },
        { "31 and 33 hex are no keys", $"{Key[1..]} {Key}a", $"{Key[1..]} {Key}a" },
        { "32 that are no hex", "3290abeefc68e1bbe852a25252bad88g", "3290abeefc68e1bbe852a25252bad88g" },
        { "a container id is no key", $"container_id: \"{Hex64}\"", $"container_id: \"{Hex64}\"" },
        { "a UUID is no key", "8ed6b0d4-7a1c-4d2e-9e52-0c8bb0d3a7f1", "8ed6b0d4-7a1c-4d2e-9e52-0c8bb0d3a7f1" },
        { "40 hex", $"x {AppKey}.", $"x {HiddenAppKey}." },
        { "app_key=", "app_key=InvalidLength12345abbbb", $"app_key={HiddenAppKey}" },
        { "appkey=", "appkey=InvalidLength12345abbbb", $"appkey={HiddenAppKey}" },
        { "application_key=", "application_key=InvalidLength12345abbbb", $"application_key={HiddenAppKey}" },
        { "ddapp_", "x ddapp_abcdefghijABCDEFGHIJ01234567891234 y", "x ************************************1234 y" },
        { "DDRCM_", "key DDRCM_ABCDEF0123456789XYZ12 y", "key ***********************************XYZ12 y" },

        // Bearer.
        { "Bearer, 64 hex", $"Bearer {Hex64}", $"Bearer {new string('*', 59)}a62ba" },
        { "Bearer, 64 hex, quoted", $"value \"Bearer {Hex64}\\n\\n\" for key", $"value \"Bearer {new string('*', 59)}a62ba\\n\\n\" for key" },
        { "Bearer, anything", "got Bearer eyJh.bGci_Oi-J9+/=, sorry", "got Bearer ********, sorry" },
        { "bearer, any case", "bearer abc", "bearer ********" },
        { "AuthBearer is none", "AuthBearer abc", "AuthBearer abc" },
        { "Bearer at the end", "a Bearer ", "a Bearer " },

        // URLs.
        { "scheme://user:secret@", "ftp://user:password@host:21/x", "ftp://user:********@host:21/x" },
        { "secret with an @", "http://user:p@ssw0r)@host:80", "http://user:********@host:80" },
        { "secret of other letters", "http://user:🔑🔒@host", "http://user:********@host" },
        { "no user", "redis://:secret@host:6379", "redis://:********@host:6379" },
        { "no scheme", "'user:password@host:80'", "'user:********@host:80'" },
        { "strange scheme", "mongodb+s.r-v://us-er:pa-ss@abc.example.com/db", "mongodb+s.r-v://us-er:********@abc.example.com/db" },
        { "no secret", "https://app.datadoghq.com:443/x y@z", "https://app.datadoghq.com:443/x y@z" },
        { "two of them", "a://b:c@d e://f:g@h", "a://b:********@d e://f:********@h" },

        // Passwords.
        { "password=", "--mysql_password=foo --x", "--mysql_password=********" + " --x" },
        { "password =", "password = foo bar", "password = ******** bar" },
        { "passwd:", "x passwd: foo", "x passwd: ********" },
        { "pswd=, pwd=", "pswd=a;pwd=b;c=d", "pswd=********;pwd=********;c=d" },
        { "in JSON", """{"password":"fo\"o","user":"u"}""", """{"password":"********","user":"u"}""" },
        { "in JSON in JSON", """{\"password\":\"x\",\"user\":\"u\"}""", """{\"password\":\"********\",\"user\":\"u\"}""" },
        { "quoted", "pwd: 'pass word' x", "pwd: '********' x" },
        { "quote never closed", "x pwd='abc def", "x pwd='********" },
        { "in a form", "user=x&password=y&z=1", "user=x&password=********&z=1" },
        { "nothing there", "password= &x=1 password=", "password= &x=1 password=" },
        { "a word is no name", "the password is wrong", "the password is wrong" },

        // YAML keys.
        { "keys with pass", "mysql_pass: p@ssw0r)\npassword_mysql: a b\ncert_key_password: 🔑 🔒", "mysql_pass: ********\npassword_mysql: ********\ncert_key_password: ********" },
        { "keys with pwd", "   my_pwd_x:   a b   ", "   my_pwd_x:   ********" },
        { "token, jwt", "auth_token: bar\n- jwt: a b\nauth_token_file_path: /foo", "auth_token: ********\n- jwt: ********\nauth_token_file_path: /foo" },
        { "_secret, _secret_id", "client_secret: a\nvault_secret_id: b", "client_secret: ********\nvault_secret_id: ********" },
        { "access_key, private_key", "secret_access_key: a\nmy_private_key: b", "secret_access_key: ********\nmy_private_key: ********" },
        { "consumer_key, token_id", "consumer_key: a\ntoken_id: b", "consumer_key: ********\ntoken_id: ********" },
        { "snmp", "community_string: a b\nauthKey: c\nprivKey: d\ncommunity: e\nauthentication_key: f\nprivacy_key: g", "community_string: ********\nauthKey: ********\nprivKey: ********\ncommunity: ********\nauthentication_key: ********\nprivacy_key: ********" },

        // Headers.
        { "x-…-key", "x-api-key: a, X-Goog-Api-Key=b", "x-api-key: ********" },
        { "x-…-token, x-…-auth, x-…-secret", "a x-vault-token: t, x-stratum-auth: u, x-api-secret: v.", "a x-vault-token: ********, x-stratum-auth: ********, x-api-secret: ********" },
        { "dd-api-key", $"a dd-api-key: {Key}", "a dd-api-key: ********" },
        { "authorization", "GET / Authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=fe5f\nHost: h", "GET / Authorization: ********\nHost: h" },
        { "cookie", "Cookie: a=b; c=d\nHost: h", "Cookie: ********\nHost: h" },
        { "session_token", "session_token=abc", "session_token=********" },

        // PEM blocks.
        { "PEM", $"cert_key: >\n  {Pem}\nx: 1", "cert_key: >\n  ********\nx: 1" },
        { "PEM, cut off", "a -----BEGIN CERTIFICATE-----\nMIIC", "a ********" },
        { "PEM in JSON", """{"k":"-----BEGIN A-----\nMII\n-----END A-----\n"}""", """{"k":"********\n"}""" },

        // additional_endpoints.
        {
            "additional_endpoints", """DD_ADDITIONAL_ENDPOINTS={"https://app.datadoghq.eu":["12345678abcd","k2"],"https://b":["x"]} after""",
            """DD_ADDITIONAL_ENDPOINTS={"https://app.datadoghq.eu":["********abcd","********"],"https://b":["********"]} after"""
        },
        {
            "additional_endpoints of logs", $$"""DD_LOGS_CONFIG_ADDITIONAL_ENDPOINTS=[{"api_key":"{{Key}}","Host":"h","Port":443}]""",
            $$"""DD_LOGS_CONFIG_ADDITIONAL_ENDPOINTS=[{"api_key":"{{HiddenKey}}","Host":"h","Port":443}]"""
        },

        // Mayfly's own additions.
        { "AWS secrets", "AWS_SECRET_ACCESS_KEY=a/b+c AWS_SESSION_TOKEN=IQoJ==", "AWS_SECRET_ACCESS_KEY=******** AWS_SESSION_TOKEN=********" },
        { "signed URL", "https://s3/x?X-Amz-Security-Token=a%2B&X-Amz-Signature=b&c=d", "https://s3/x?X-Amz-Security-Token=********&X-Amz-Signature=********&c=d" },

        // Nothing to hide.
        { "text", "Sending spans failed: 503 from https://trace.agent.datadoghq.com/api/v0.2/traces. They are kept.", "Sending spans failed: 503 from https://trace.agent.datadoghq.com/api/v0.2/traces. They are kept." },
        { "own advice", "The API key was refused: check DD_API_KEY and DD_SITE.", "The API key was refused: check DD_API_KEY and DD_SITE." },
        { "empty", "", "" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void C14_a_secret_is_replaced(string row, string text, string expected)
    {
        Assert.Equal((row, expected), (row, Scrubber.Scrub(text)));
        Assert.Equal((row, expected), (row, Scrubber.Scrub(expected)));
    }

    [Fact]
    public void Defect_25_the_agents_own_lines_hold_no_secret()
    {
        using var output = new MemoryStream();
        var log = new Log(LogLevel.Debug, output);
        log.Error($"Bad key {Key}\nAuthorization: Bearer x y\npassword: z");
        log.Debug($"{"http://u:p@h"}");
        Assert.Equal(
            $"MAYFLY | ERROR | Bad key {HiddenKey} Authorization: ******** password: ********\nMAYFLY | DEBUG | http://u:********@h\n",
            Encoding.UTF8.GetString(output.ToArray()));
    }

    [Theory]
    [InlineData("Authorization", true)]
    [InlineData("Set-Cookie", true)]
    [InlineData("X-Api-Key", true)]
    [InlineData("x-functions-key", true)]
    [InlineData("X-Amz-Security-Token", true)]
    [InlineData("dd-api-key", true)]
    [InlineData("session_token", true)]
    [InlineData("x-forwarded-for", false)]
    [InlineData("api-key", false)]
    [InlineData("host", false)]
    [InlineData("x-é-key", false)]
    public void C14_headers_that_carry_credentials(string name, bool expected) =>
        Assert.Equal(expected, SecretNames.IsHeader(Encoding.UTF8.GetBytes(name)));

    /// <summary>Whatever stands around a key, it does not come through.</summary>
    [Fact]
    public void Any_text_can_be_scrubbed_and_no_key_comes_through()
    {
        Gen<string> piece = Gen.Elements(
            "password", "api_key", "token", "Authorization", "Bearer", "x-api-key", "additional_endpoints", "user", "é", Key, AppKey, "abc", "ddapp_", "DDRCM_ABCDEFG", "-----BEGIN X-----",
            "-----END X-----", ":", "=", "\"", "'", "\\\"", " ", "\n", "@", "://", "{", "}", "[", "]", ",", "|", "&", "-", "********");
        Prop.ForAll(piece.ListOf().Select(string.Concat).ToArbitrary(), static text =>
        {
            string once = Scrubber.Scrub(text);
            Assert.DoesNotMatch($@"(?<!\w)({Key}|{AppKey})(?!\w)", once);
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(5_000).WithReplay(20261128, 5));
    }

    [Fact]
    public void Any_bytes_can_be_scrubbed()
    {
        var random = new Random(20261128);
        byte[] template = Encoding.UTF8.GetBytes(string.Join(' ', Rows.Select(static row => row.Data.Item2)));
        using PooledBuffer output = PooledBuffer.Rent();
        for (int round = 0; round < 5_000; round++)
        {
            byte[] text = template[..random.Next(template.Length)];
            for (int change = random.Next(20); change > 0 && text.Length > 0; change--)
            {
                text[random.Next(text.Length)] = (byte)random.Next(256);
            }

            output.Clear();
            Scrubber.Scrub(text, output);
            Assert.True(output.Length > 0 || text.Length == 0);
        }
    }

    [Theory]
    [InlineData("a:")]
    [InlineData("a://b:")]
    [InlineData("password ")]
    [InlineData("password: '")]
    [InlineData("\\\"")]
    [InlineData("pwd=\"\\\\\\\"")]
    [InlineData("-----BEGIN ")]
    [InlineData("-")]
    [InlineData("a-")]
    [InlineData("bearer ")]
    [InlineData("additional_endpoints={")]
    [InlineData("additional_endpoints={[\"")]
    public void A_hostile_text_takes_linear_time(string unit)
    {
        using PooledBuffer output = PooledBuffer.Rent();
        Timing.AssertLinear(length => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(unit, length / unit.Length))), text =>
        {
            output.Clear();
            Scrubber.Scrub(text, output);
        });
    }
}
