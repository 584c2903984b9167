using Mayfly.Platforms.Lambda.Propagation;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Propagation;

public class PropagationHeaderTests
{
    [Fact]
    public void A_requests_relevant_headers_are_carried()
    {
        var headers = new HeaderDictionary
        {
            ["Host"] = "127.0.0.1",
            ["X-Datadog-Trace-Id"] = "1001",
            ["traceparent"] = new(["first", "second"]),
            ["lambda-runtime-aws-request-id"] = "r1",
            [new string('x', 5_000)] = "long",
            ["ot-baggage-ü"] = "1",
            ["b3"] = new([]),
        };
        Carrier carrier = PropagationHeader.CarrierOf(headers);
        Assert.Equal(
            [new("X-Datadog-Trace-Id", "1001"), new("traceparent", "first"), new("ot-baggage-ü", "1")],
            carrier.Entries.OrderBy(static entry => entry.Key[0] == 'X' ? 0 : entry.Key[0] == 't' ? 1 : 2));
    }
}
