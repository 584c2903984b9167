using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Http;
using Mayfly.Platforms.Lambda.RuntimeProxy;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>The end of a body at every split of its bytes (RFC 9112, sections 6 and 7).</summary>
public sealed class MessageBodyTests
{
    private const string Trailers = "Lambda-Runtime-Function-Error-Type: Runtime.X\r\nLambda-Runtime-Function-Error-Body: e30=\r\n";

    [Theory]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello", "")]
    [InlineData("5;name=\"v\"\r\nhello\r\n00A \r\n, chunked!\r\n0\r\n\r\n", "hello, chunked!", "")]
    [InlineData("a\n0123456789\n0\n\n", "0123456789", "")]
    [InlineData("1\r\na\r\n0;last\r\n" + Trailers + "\r\n", "a", Trailers)]
    [InlineData("0\r\n\r\n", "", "")]
    [InlineData("3\r\n\r\n\0\r\n0\r\n\r\n", "\r\n\0", "")]
    public void A_chunked_body_is_followed_at_every_split(string wire, string content, string trailers)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(wire + "GET /next");
        for (int cut = 0; cut <= wire.Length; cut++)
        {
            using var copy = new MessageCopy(new BodyBudget(1024), 1024);
            MessageBody body = Begun(BodyFraming.Chunked, 0, copy);
            Assert.Equal(cut, body.Take(bytes.AsSpan(0, cut)));
            Assert.Equal(cut == wire.Length, body.IsComplete);
            Assert.Equal(wire.Length - cut, body.Take(bytes.AsSpan(cut)));
            Assert.True(body.IsComplete);
            Assert.False(body.IsBroken);
            Assert.Equal(content, Encoding.Latin1.GetString(copy.Body.Span));
            Assert.Equal(trailers.Length > 0 ? "Runtime.X" : null, copy.Trailers.Text("lambda-runtime-function-error-type"));
            Assert.Equal(trailers.Length > 0 ? "e30=" : null, copy.Trailers.Text("lambda-runtime-function-error-body"));
        }
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("x\r\n")]
    [InlineData("5\rhello")]
    [InlineData("5\r\nhelloX")]
    [InlineData("5\r\nhello\rX")]
    [InlineData("0\r\n\rX")]
    [InlineData("1000000000000000\r\n")]
    [InlineData("-1\r\n")]
    public void A_broken_chunk_ends_the_understanding_and_not_the_stream(string wire)
    {
        using var copy = new MessageCopy(new BodyBudget(1024), 1024);
        MessageBody body = Begun(BodyFraming.Chunked, 0, copy);
        byte[] bytes = Encoding.Latin1.GetBytes(wire);
        Assert.Equal(bytes.Length, body.Take(bytes));
        Assert.True(body.IsBroken);
        Assert.True(copy.IsDropped);
        Assert.Equal(100, body.Take(new byte[100]));
        Assert.False(body.IsComplete);
        body.End();
        Assert.True(body.IsComplete);
    }

    [Fact]
    public void A_body_with_a_length_ends_there()
    {
        MessageBody body = Begun(BodyFraming.Length, 5, null);
        Assert.Equal(3, body.Take("abc"u8));
        Assert.False(body.IsComplete);
        Assert.Equal(2, body.Take("defg"u8));
        Assert.True(body.IsComplete);
    }

    [Fact]
    public void The_end_of_the_connection_completes_only_a_body_without_another_end()
    {
        MessageBody cut = Begun(BodyFraming.Length, 5, null);
        cut.End();
        Assert.False(cut.IsComplete);

        MessageBody open = Begun(BodyFraming.UntilClose, 0, null);
        open.Take("abc"u8);
        open.End();
        Assert.True(open.IsComplete);
    }

    [Fact]
    public void Any_bytes_split_anywhere_give_the_same_result()
    {
        Gen<byte[]> bytes = Gen.Elements("0123aF;\r\n\r\nX\0"u8.ToArray()).ArrayOf();
        Gen<(byte[], int)> input = bytes.SelectMany(static all => Gen.Choose(0, all.Length).Select(cut => (all, cut)));
        Prop.ForAll(input.ToArbitrary(), static sample =>
        {
            (byte[] all, int cut) = sample;
            MessageBody whole = Begun(BodyFraming.Chunked, 0, null);
            int atOnce = whole.Take(all);
            MessageBody split = Begun(BodyFraming.Chunked, 0, null);
            int first = split.Take(all.AsSpan(0, cut));
            int second = split.IsComplete ? 0 : split.Take(all.AsSpan(cut));
            return atOnce == first + second && whole.IsComplete == split.IsComplete && whole.IsBroken == split.IsBroken;
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(10, 100, nameof(CopyStatus.Complete))]
    [InlineData(11, 100, nameof(CopyStatus.TooLarge))]
    [InlineData(10, 9, nameof(CopyStatus.NoRoom))]
    public void A_copy_keeps_to_its_limits_and_gives_everything_back(int length, int budgetBytes, string status)
    {
        var budget = new BodyBudget(budgetBytes);
        using (var copy = new MessageCopy(budget, limitBytes: 10))
        {
            MessageBody body = Begun(BodyFraming.Length, length, copy);
            for (int i = 0; i < length; i++)
            {
                Assert.Equal(1, body.Take("x"u8));
            }

            Assert.True(body.IsComplete);
            Assert.Equal(status, copy.Status.ToString());
            Assert.Equal(status == nameof(CopyStatus.Complete) ? length : 0, copy.Body.Length);
        }

        Assert.Equal(0, budget.TakenBytes);
    }

    private static MessageBody Begun(BodyFraming framing, long length, MessageCopy? copy)
    {
        var body = new MessageBody();
        body.Begin(framing, length, copy);
        return body;
    }
}
