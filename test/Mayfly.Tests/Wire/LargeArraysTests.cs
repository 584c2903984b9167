using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Wire;

public class LargeArraysTests
{
    private const int Large = 100_000;

    private readonly LargeArrays _arrays = new();

    [Fact]
    public void An_array_that_was_given_back_is_used_again()
    {
        byte[] first = _arrays.Rent(Large);
        _arrays.Return(first);
        Assert.Equal(first.Length, _arrays.WaitingBytes);
        Assert.Same(first, _arrays.Rent(Large - 1));
        Assert.Equal(0, _arrays.WaitingBytes);
        Assert.NotSame(first, _arrays.Rent(Large));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(LargeArrays.SharedLimit)]
    [InlineData(LargeArrays.SharedLimit + 1)]
    [InlineData(1024 * 1024)]
    [InlineData(1024 * 1024 + 1)]
    [InlineData(7_000_000)]
    [InlineData(50_000_000)]
    public void An_array_is_as_long_as_asked_for_and_not_much_longer(int length)
    {
        byte[] array = _arrays.Rent(length);
        Assert.InRange(array.Length, length, Math.Max(2 * length, 256));
        _arrays.Return(array);
        Assert.InRange(_arrays.WaitingBytes, 0, LargeArrays.MostBytes);
    }

    [Fact]
    public void One_that_is_much_too_long_is_left_for_others()
    {
        _arrays.Return(_arrays.Rent(1024 * 1024));
        Assert.InRange(_arrays.Rent(Large).Length, Large, 2 * Large);
    }

    [Fact]
    public void What_waits_is_bounded_and_the_oldest_go_first()
    {
        byte[][] all = [.. Enumerable.Range(0, 200).Select(_ => _arrays.Rent(Large))];
        foreach (byte[] array in all)
        {
            _arrays.Return(array);
            Assert.InRange(_arrays.WaitingBytes, Large, LargeArrays.MostBytes);
        }

        Assert.Same(all[^1], _arrays.Rent(Large));
        Assert.DoesNotContain(Enumerable.Range(0, 200).Select(_ => _arrays.Rent(Large)), array => ReferenceEquals(array, all[0]));
    }

    [Fact]
    public async Task No_array_is_given_out_twice()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                byte[] array = _arrays.Rent(Large);
                array[0] = (byte)thread;
                Thread.Yield();
                Assert.Equal(thread, array[0]);
                _arrays.Return(array);
            }
        })));
    }
}
