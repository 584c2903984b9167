using Mayfly.Tags;
using Xunit;

namespace Mayfly.Tests.Tags;

public class TagSetTests
{
    [Fact]
    public void A_later_value_replaces_the_earlier_one_in_its_place()
    {
        var tags = TagSet.From([new("a", "1"), new("b", "2"), new("a", "3")]);
        Assert.Equal("a:3,b:2", tags.Joined);
        Assert.Equal("a:3,b:4,c:5", tags.With("b", "4").With("c", "5").Joined);
        Assert.Equal("a:3,b:2", tags.Joined);
        Assert.Equal("3", tags.Find("a"));
        Assert.Null(tags.Find("c"));
    }

    [Fact]
    public void A_tag_without_value_is_its_key()
    {
        Tag tag = Assert.Single(TagSet.Empty.With("köy", "").Items);
        Assert.Equal("köy", tag.Text);
        Assert.Equal("köy"u8, tag.TextUtf8);
        Assert.Equal("köy"u8, tag.KeyUtf8);
        Assert.Empty(tag.ValueUtf8);
    }

    [Fact]
    public void Nothing_makes_the_empty_set() => Assert.Same(TagSet.Empty, TagSet.From([]));
}
