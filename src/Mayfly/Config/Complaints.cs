namespace Mayfly.Config;

/// <summary>What is wrong with what a user set, one sentence each, each once.</summary>
internal sealed class Complaints(IReadOnlyList<string>? first)
{
    /// <summary>Further ones help nobody: the first have to be put right anyway.</summary>
    private const int Limit = 100;

    /// <summary>Of a value that is shown.</summary>
    private const int LongestValue = 500;

    private readonly List<string> _sentences = [.. first ?? []];

    public IReadOnlyList<string> Sentences => _sentences;

    public void Add(string title, string value, string expected)
    {
        string shown = value.Length > LongestValue ? value[..LongestValue] + "…" : value;
        Add($"{title}={shown} is not understood: expected {expected}.");
    }

    public void Add(string sentence)
    {
        if (_sentences.Count < Limit && !_sentences.Contains(sentence))
        {
            _sentences.Add(sentence);
        }
    }
}
