using Xunit;

// Real clients have the agent's ports built in, and the times that are checked mean nothing on a machine that runs something else beside.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
