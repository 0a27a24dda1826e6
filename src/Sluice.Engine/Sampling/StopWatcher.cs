using Sluice.Engine.Tokens;

namespace Sluice.Engine.Sampling;

/// <summary>Decodes a sequence's tokens as they come and says when a stop text is in what they spell.</summary>
/// <param name="stream">Fresh, of a text that continues the prompt.</param>
/// <param name="stops">None of them empty.</param>
internal sealed class StopWatcher(TokenStream stream, IReadOnlyList<string> stops)
{
    private readonly TextCutter _text = new(stops);

    /// <summary>True when this token completes a stop text.</summary>
    public bool Push(int id) => _text.Append(stream.Push(id));

    /// <summary>The whole text, cut before a stop text. Call once, at the end.</summary>
    public string Finish()
    {
        _text.Append(stream.Flush());
        return _text.Text;
    }
}
