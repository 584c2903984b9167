namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>One kind of event: how it is recognised and what it says. Stateless.</summary>
internal abstract class TriggerSource
{
    /// <summary>
    /// The condition of docs/spec/02-triggers.md#21-order-and-conditions-rust. It looks at markers only: a field that is missing elsewhere costs that field.
    /// </summary>
    public abstract bool Matches(in LambdaEvent lambdaEvent);

    /// <summary>Called after <see cref="Matches"/> was true.</summary>
    public abstract Trigger Read(in LambdaEvent lambdaEvent, TriggerSettings settings);
}
