using Xunit;

namespace Mayfly.Tests;

/// <summary>
/// Tests that look at what the whole process shares: memory, pools. They run when no other test does; next to others they would count what those take.
/// </summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
