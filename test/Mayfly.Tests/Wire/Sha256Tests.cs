using System.Security.Cryptography;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Wire;

public class Sha256Tests
{
    [Fact]
    public void Vector_of_the_standard() =>
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Sha256.Hex("abc"u8));

    [Fact]
    public void Every_length_hashes_as_in_the_framework()
    {
        byte[] bytes = new byte[400];
        new Random(20261128).NextBytes(bytes);
        for (int length = 0; length <= bytes.Length; length++)
        {
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(0, length))), Sha256.Hex(bytes.AsSpan(0, length)));
        }
    }
}
