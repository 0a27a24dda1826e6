namespace Sluice.Engine.Tokens;

/// <summary>
/// How much longer a text may get in a chain of steps: an upper bound for each of its characters, found from the last step to the first. Steps that do not
/// build on one another do not multiply.
/// </summary>
internal sealed class TextGrowth
{
    private readonly Dictionary<char, double> _each = [];
    private double _others = 1;

    /// <summary>Characters that one may become.</summary>
    public double Most => _each.Count == 0 ? _others : Math.Max(_others, _each.Values.Max());

    /// <summary>Characters that come besides those of the text.</summary>
    public double Added { get; private set; }

    /// <summary>Before the steps so far: any character may become others, at most <paramref name="factor"/>.</summary>
    public void Change(int factor)
    {
        _others = factor * Most;
        _each.Clear();
    }

    /// <summary>Before the steps so far: a literal becomes other text. Its characters share what that comes to.</summary>
    public void Replace(string literal, string content)
    {
        double share = Of(content) / literal.Length;
        foreach (char c in literal)
            _each[c] = Math.Max(Of(c), share);
    }

    /// <summary>Before the steps so far: a text is put in front.</summary>
    public void Prepend(string prefix) => Added += Of(prefix);

    private double Of(char c) => _each.GetValueOrDefault(c, _others);

    private double Of(string text)
    {
        double all = 0;
        foreach (char c in text)
            all += Of(c);
        return all;
    }
}
