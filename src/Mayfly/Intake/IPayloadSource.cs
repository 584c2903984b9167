namespace Mayfly.Intake;

/// <summary>A signal's aggregate, as a flush sees it.</summary>
public interface IPayloadSource
{
    /// <summary>Bytes that grow with every item until they are taken; 0 where items are folded into each other.</summary>
    long WaitingBytes => 0;

    /// <summary>
    /// Takes everything accepted so far and encodes it, appending to <paramref name="payloads"/>. Short lock to swap the contents, encoding outside of it.
    /// Ownership of the payloads moves to the caller. Nothing accepted: nothing appended.
    /// </summary>
    void TakePayloads(List<IntakePayload> payloads);

    /// <summary>As <see cref="TakePayloads"/> at the end of the process: also what a source would rather give to a later flush.</summary>
    void TakeLastPayloads(List<IntakePayload> payloads) => TakePayloads(payloads);
}
