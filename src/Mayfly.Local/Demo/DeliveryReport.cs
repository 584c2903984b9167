namespace Mayfly.Local.Demo;

/// <summary>What was sent against what arrived.</summary>
/// <param name="Rows">Totals per kind.</param>
/// <param name="Problems">One sentence per thing that is missing, wrong or too many; empty = everything arrived.</param>
public sealed record DeliveryReport(IReadOnlyList<DeliveryRow> Rows, IReadOnlyList<string> Problems)
{
    public bool Complete => Problems.Count == 0;
}

/// <summary>One line of the summary.</summary>
public sealed record DeliveryRow(string What, int Sent, int Arrived);
