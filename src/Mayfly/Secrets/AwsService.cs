namespace Mayfly.Secrets;

/// <summary>One service of AWS in one region: where it is called and what that is called in a signature.</summary>
internal sealed record AwsService(string Name, string Region, Uri Url)
{
    /// <summary>The Host header: with the port where that is not the usual one.</summary>
    public string Host => Url.IsDefaultPort ? Url.Host : Url.Authority;

    /// <param name="name">Such as <c>kms</c>.</param>
    /// <param name="region">Of the call.</param>
    /// <param name="ownRegion">Of the function; its partition names the hosts.</param>
    /// <param name="usesFips">FIPS hosts.</param>
    /// <param name="overrides">Hosts to call instead, by name.</param>
    /// <exception cref="SecretFailure">No host has this region in its name.</exception>
    public static AwsService Of(string name, string region, string ownRegion, bool usesFips, IReadOnlyDictionary<string, Uri> overrides)
    {
        string domain = ownRegion.StartsWith("cn-", StringComparison.Ordinal) ? "amazonaws.com.cn" : "amazonaws.com";

        // In GovCloud these two have no other hosts: the usual ones are FIPS hosts.
        bool isFipsAnyway = name is "ssm" or "sts" && region.StartsWith("us-gov-", StringComparison.Ordinal);
        string host = $"{name}{(usesFips && !isFipsAnyway ? "-fips" : "")}.{region}.{domain}";
        if (region.Length == 0 || region.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-"))
        {
            throw new SecretFailure($"\"{region}\" is no region of AWS");
        }

        return new AwsService(name, region, overrides.TryGetValue(name, out Uri? url) ? Called(url) : new Uri($"https://{host}"));
    }

    /// <summary>Without a query, and without a password, which a proof would carry to others.</summary>
    private static Uri Called(Uri url) => new(url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped));
}
