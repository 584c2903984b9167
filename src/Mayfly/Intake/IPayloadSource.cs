namespace Mayfly.Intake;

/// <summary>A signal's aggregate, as a flush sees it.</summary>
public interface IPayloadSource
{
    /// <summary>
    /// Takes everything accepted so far and encodes it, appending to <paramref name="payloads"/>. Short lock to swap the contents, encoding outside of it.
    /// Ownership of the payloads moves to the caller. Nothing accepted: nothing appended.
    /// </summary>
    void TakePayloads(List<IntakePayload> payloads);
}
