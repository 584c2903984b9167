namespace Mayfly.Metrics;

/// <summary>
/// A service check as ranges of its line: <c>_sc|name|status|fields</c>. Bad input is a <see cref="DogStatsdStatus"/>, never an exception.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#a6-events-and-service-checks.</remarks>
internal readonly ref struct ServiceCheckLine
{
    private ServiceCheckLine(ReadOnlySpan<byte> name, int status, EventFields fields)
    {
        Name = name;
        Status = status;
        Fields = fields;
    }

    /// <summary>Never empty.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>0 ok, 1 warning, 2 critical, 3 unknown.</summary>
    public int Status { get; }

    public EventFields Fields { get; }

    /// <summary>Reads a line that begins with <c>_sc|</c>, without its line end.</summary>
    public static DogStatsdStatus Parse(ReadOnlySpan<byte> line, out ServiceCheckLine result)
    {
        result = default;
        ReadOnlySpan<byte> rest = line["_sc|".Length..];
        int end = rest.IndexOf((byte)'|');
        if (end <= 0)
        {
            return DogStatsdStatus.InvalidServiceCheck;
        }

        ReadOnlySpan<byte> name = rest[..end];
        rest = rest[(end + 1)..];
        if (rest.IsEmpty || rest[0] is < (byte)'0' or > (byte)'3' || (rest.Length > 1 && rest[1] != '|'))
        {
            return DogStatsdStatus.InvalidServiceCheck;
        }

        result = new ServiceCheckLine(name, rest[0] - '0', EventFields.Read(rest[1..], isEvent: false));
        return DogStatsdStatus.Ok;
    }
}
