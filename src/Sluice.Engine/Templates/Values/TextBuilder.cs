using System.Text;
using Sluice.Engine.Templates.Running;

namespace Sluice.Engine.Templates.Values;

/// <summary>Joins texts and keeps the provenance of each character. Every character is paid for, and the length is bounded.</summary>
internal sealed class TextBuilder(RenderRun run)
{
    private readonly StringBuilder _text = new();
    private readonly List<int> _flips = [];

    private bool EndsInContent => (_flips.Count & 1) == 1;

    public TextBuilder Append(TextValue value) => Append(value, 0, value.Text.Length);

    /// <summary>Appends the units [from, to).</summary>
    public TextBuilder Append(TextValue value, int from, int to)
    {
        int next = Array.BinarySearch(value.Flips, from);
        next = next < 0 ? ~next : next + 1;
        while (from < to)
        {
            int end = next < value.Flips.Length ? Math.Min(value.Flips[next], to) : to;
            Append(value.Text.AsSpan(from, end - from), (next & 1) == 1);
            from = end;
            next++;
        }

        return this;
    }

    public TextBuilder Append(ReadOnlySpan<char> text, bool isContent)
    {
        if (text.Length == 0)
            return this;
        run.Charge(text.Length + 1);
        run.RequireLength((long)_text.Length + text.Length);
        if (isContent != EndsInContent)
            _flips.Add(_text.Length);
        _text.Append(text);
        return this;
    }

    public TextValue ToText() => _text.Length == 0 ? TextValue.Empty : new TextValue(_text.ToString(), [.. _flips]);

    /// <summary>Runs of one provenance, in order.</summary>
    public List<TemplateSegment> ToSegments()
    {
        List<TemplateSegment> segments = [];
        string text = _text.ToString();
        int from = 0;
        for (int next = 0; from < text.Length; next++)
        {
            int end = next < _flips.Count ? _flips[next] : text.Length;
            if (end > from)
                segments.Add(new TemplateSegment(text[from..end], (next & 1) == 1));
            from = end;
        }

        return segments;
    }
}
