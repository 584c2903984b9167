using Mayfly.Intake;

namespace Mayfly.Delivery;

/// <summary>One way out of the agent, and what is known about it.</summary>
internal sealed class DeliveryLane(LaneKey key, Circuit circuit)
{
    public LaneKey Key { get; } = key;

    public Circuit Circuit { get; } = circuit;

    /// <summary>An attempt that its flush did not wait for; completed when there is none.</summary>
    public Task Detached { get; set; } = Task.CompletedTask;
}
