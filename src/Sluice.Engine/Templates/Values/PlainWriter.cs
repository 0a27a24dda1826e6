using System.Text;
using Sluice.Engine.Templates.Running;

namespace Sluice.Engine.Templates.Values;

/// <summary>Builds a text that is content as a whole where any part of it is.</summary>
internal sealed class PlainWriter(RenderRun run)
{
    private readonly StringBuilder _text = new();
    private bool _hasContent;

    public void SeesContent(bool isContent) => _hasContent |= isContent;

    public void Write(string text)
    {
        run.Charge(text.Length);
        run.RequireLength((long)_text.Length + text.Length);
        _text.Append(text);
    }

    public void Write(char c)
    {
        run.Charge(1);
        run.RequireLength(_text.Length + 1);
        _text.Append(c);
    }

    public TextValue ToText() => TextValue.Of(_text.ToString(), _hasContent);
}
