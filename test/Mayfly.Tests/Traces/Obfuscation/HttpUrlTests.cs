using FsCheck;
using FsCheck.Fluent;
using Mayfly.Traces.Obfuscation;
using Xunit;

namespace Mayfly.Tests.Traces.Obfuscation;

/// <summary>docs/spec/03-traces.md §3.8 HTTP URL.</summary>
public class HttpUrlTests
{
    /// <summary>Options (q: query, d: digits), URL, expected.</summary>
    public static TheoryData<string, string, string> Rows => new()
    {
        // The table.
        { "q", "http://foo.com/id/123/page/1?search=bar&page=2", "http://foo.com/id/123/page/1?" },
        { "q", "http://foo.com/id/123/page/1?search=bar#fragment", "http://foo.com/id/123/page/1?#fragment" },
        { "q", "http://user:password@foo.com/1/2/3?q=james", "http://foo.com/1/2/3?" },
        { "q", "%", "?" },
        { "d", "http://foo.com/id/123/page/1?search=bar&page=2", "http://foo.com/id/?/page/??search=bar&page=2" },
        { "d", "http://foo.com/1%3F3/nam%3Fe/abcd9", "http://foo.com/?/nam%3Fe/?" },
        { "", "http://user:password@foo.com/a", "http://foo.com/a" },

        // User information.
        { "", "http://foo.com/a", "http://foo.com/a" },
        { "", "https://user@foo.com", "https://foo.com" },
        { "", "http://a@b@foo.com/x", "http://foo.com/x" },
        { "", "//user:pw@foo.com/x", "//foo.com/x" },
        { "", "http://foo.com/@user", "http://foo.com/@user" },
        { "", "http://foo.com?mail=a@b.c", "http://foo.com?mail=a@b.c" },
        { "", "http://foo.com/#a@b.c", "http://foo.com/#a@b.c" },
        { "", "http://u:p@[::1]:8080/x", "http://[::1]:8080/x" },
        { "", "http://u:p%zz@foo.com/%", "http://foo.com/%" }, // no URL, but no secret either
        { "", "mailto:joe@foo.com", "mailto:joe@foo.com" },
        { "", "@", "@" },
        { "", "", "" },
        { "", "not a url @ all", "not a url @ all" },

        // The query.
        { "q", "http://foo.com", "http://foo.com" },
        { "q", "http://foo.com?", "http://foo.com?" },
        { "q", "http://foo.com?a=1", "http://foo.com?" },
        { "q", "/path?a=1?b=2", "/path?" },
        { "q", "?a=1", "?" },
        { "q", "http://foo.com/#frag?not=query", "http://foo.com/#frag?not=query" },
        { "q", "", "" },

        // Digits.
        { "d", "http://foo.com/", "http://foo.com/" },
        { "d", "http://foo.com", "http://foo.com" },
        { "d", "http://foo2.com:8080/a/b", "http://foo2.com:8080/a/b" },
        { "d", "/users/a1/b", "/users/?/b" },
        { "d", "users/1", "users/?" },
        { "d", "1", "?" },
        { "d", "http://foo.com//1//", "http://foo.com//?//" },
        { "d", "http://foo.com/a%31b/c%2d", "http://foo.com/?/c%2d" },
        { "d", "http://foo.com/%41/%e9", "http://foo.com/%41/%e9" },
        { "d", "http://foo.com/é١", "http://foo.com/é١" },
        { "d", "http://foo.com/1#2", "http://foo.com/?#2" },
        { "d", "mailto:joe1@foo.com", "mailto:joe1@foo.com" },
        { "d", "file:/a1/b", "file:/?/b" },

        // Both, and what is no URL.
        { "qd", "http://u:p@foo.com/id/7?x=1#f", "http://foo.com/id/??#f" },
        { "q", "http://foo.com/%zz", "?" },
        { "q", "http://foo.com/%1", "?" },
        { "d", "http://foo.com/a\nb", "?" },
        { "d", "http://foo.com/a\u007fb", "?" },
        { "d", "http://foo bar.com/", "?" },
        { "d", "1:2/3", "?" },
        { "d", ":foo", "?" },
        { "d", "http://foo.com/#%zz", "?" },
        { "q", "http://foo.com/?%zz", "http://foo.com/?" },
        { "d", "localhost:80/1", "localhost:80/1" }, // a scheme, to the letter
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row(string options, string url, string expected) => Assert.Equal(expected, Obfuscate(url, options));

    /// <summary>With both options the question mark of a segment looks like the begin of a query the second time.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("q")]
    [InlineData("d")]
    public void Obfuscating_twice_changes_nothing(string options)
    {
        Gen<string> piece = Gen.Elements("http:", "//", "/", "user:pw@", "foo.com", ":80", "a1", "%31", "%", "%zz", "?", "#", "@", "é", "1", " ", "\n", ":", "=&");
        Prop.ForAll(piece.ListOf().Select(string.Concat).ToArbitrary(), url =>
        {
            string once = Obfuscate(url, options);
            Assert.Equal(once, Obfuscate(once, options));
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(3000).WithReplay(20261130, 5));
    }

    private static string Obfuscate(string url, string options)
    {
        bool removesQuery = options.Contains('q', StringComparison.Ordinal);
        bool removesDigits = options.Contains('d', StringComparison.Ordinal);
        bool isChanged = true;
        string output = RedisTests.Write(url, (bytes, buffer) => isChanged = HttpUrl.TryObfuscate(bytes, removesQuery, removesDigits, buffer));
        Assert.True(isChanged == (output != url) || (!isChanged && output.Length == 0));
        return isChanged ? output : url;
    }
}
