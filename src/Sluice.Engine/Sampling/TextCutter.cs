namespace Sluice.Engine.Sampling;

/// <summary>Collects streamed text and finds the first stop text in it, across the borders of the pieces that it comes in. Ordinal comparison.</summary>
internal sealed class TextCutter
{
    private readonly IReadOnlyList<string> _stops;
    private readonly int _longest;
    private char[] _text = new char[256];
    private int _length;

    /// <param name="stops">None of them empty.</param>
    public TextCutter(IReadOnlyList<string> stops)
    {
        _stops = stops;
        foreach (string stop in stops)
            _longest = Math.Max(_longest, stop.Length);
    }

    /// <summary>A stop text was found; everything from it on is cut.</summary>
    public bool Stopped { get; private set; }

    /// <summary>The text so far, cut before a stop text.</summary>
    public string Text => new(_text, 0, _length);

    /// <summary>Adds a piece; true when a stop text is in.</summary>
    public bool Append(ReadOnlySpan<char> piece)
    {
        if (Stopped)
            return true;
        int from = Math.Max(0, _length - _longest + 1);
        if (_length + piece.Length > _text.Length)
            Array.Resize(ref _text, Math.Max(_text.Length * 2, _length + piece.Length));
        piece.CopyTo(_text.AsSpan(_length));
        _length += piece.Length;
        ReadOnlySpan<char> fresh = _text.AsSpan(from, _length - from);
        int first = -1;
        foreach (string stop in _stops)
        {
            int at = fresh.IndexOf(stop);
            if (at >= 0 && (first < 0 || at < first))
                first = at;
        }

        if (first < 0)
            return false;
        _length = from + first;
        return Stopped = true;
    }
}
