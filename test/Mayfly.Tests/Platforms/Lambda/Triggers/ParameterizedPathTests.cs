using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#33-parameterized-resource-endpoint-grouping</summary>
public class ParameterizedPathTests
{
    [Theory]
    [InlineData("/users/12345/friends/67890", "/users/{user_id}/friends/{friend_id}")]
    [InlineData("/orders/123e4567-e89b-12d3-a456-426614174000/items", "/orders/{order_id}/items")]
    [InlineData("/dev/user/42/id/50", "/dev/user/{user_id}/id/{id}")]
    [InlineData("/123", "/{id}")]
    [InlineData("/users/12/34", "/users/{user_id}/{12_id}")]
    [InlineData("/address/5", "/address/{addre_id}")]
    [InlineData("/class/7", "/class/{cla_id}")]
    [InlineData("/s/1", "/s/{_id}")]
    [InlineData("/v1/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/v1/{v1_id}")]
    [InlineData("/x/pre-123e4567-e89b-12d3-a456-426614174000-suf", "/x/{x_id}")]
    [InlineData("/a/", "/a")]
    [InlineData("/a//5", "/a/{id}")]
    [InlineData("foo/1", "/{id}")]
    [InlineData("/users/{user_id}/profile", "/users/{user_id}/profile")]
    [InlineData("/a/12a", "/a/12a")]
    [InlineData("/users/٣", "/users/٣")]
    public void The_specifications_table(string path, string expected) => Assert.Equal(expected, ParameterizedPath.Of(path));

    [Theory]
    [InlineData("/", "/")] // Not the empty text of the reference.
    [InlineData("", "/")]
    [InlineData("//5", "/{id}")]
    [InlineData("/ids/5", "/ids/{id}")]
    [InlineData("/a/{b", "/a/{b")] // One brace alone is no template.
    [InlineData("/x/123E4567-E89B-12D3-A456-426614174000", "/x/{x_id}")] // Any case.
    [InlineData("/x/123e4567-e89b-12d3-a456-42661417400", "/x/123e4567-e89b-12d3-a456-42661417400")] // One digit short.
    [InlineData("/x/01ARZ3NDEKTSV4RRFFQ69G5FA", "/x/01ARZ3NDEKTSV4RRFFQ69G5FA")]
    [InlineData("/x/01arz3ndektsv4rrffq69g5fav", "/x/01arz3ndektsv4rrffq69g5fav")] // Upper case only.
    [InlineData("/x/O1ARZ3NDEKTSV4RRFFQ69G5FAV", "/x/O1ARZ3NDEKTSV4RRFFQ69G5FAV")] // O is none of Crockford's letters.
    public void Edges_of_the_rules(string path, string expected) => Assert.Equal(expected, ParameterizedPath.Of(path));
}
