namespace Sluice.Engine.Templates.Values;

/// <summary>Text that knows of every character whether it is the template's or content.</summary>
/// <param name="text">The characters.</param>
/// <param name="flips">
/// Ascending indices at which provenance changes; before the first, text is the template's. Empty: all template; [0]: all content.
/// </param>
internal sealed class TextValue(string text, int[] flips) : Value
{
    private static readonly int[] s_template = [];
    private static readonly int[] s_content = [0];

    private int _codePoints = -1;

    public static TextValue Empty { get; } = new("", s_template);

    public string Text => text;

    public int[] Flips => flips;

    public bool HasContent => flips.Length > 0;

    public override bool IsTrue => text.Length > 0;

    public override string Kind => "a string";

    /// <summary>Length as templates count it: in code points.</summary>
    public int CodePoints => _codePoints >= 0 ? _codePoints : _codePoints = CountCodePoints();

    public bool HasPairs => CodePoints != text.Length;

    public static TextValue Template(string text) => new(text, s_template);

    public static TextValue Content(string text) => new(text, text.Length == 0 ? s_template : s_content);

    public static TextValue Of(string text, bool isContent) => isContent ? Content(text) : Template(text);

    /// <summary>Other characters in the same places, one for one.</summary>
    public TextValue WithCharacters(string other) => new(other, flips);

    /// <summary>Index in UTF-16 units of a code point; past the end, the length.</summary>
    public int IndexOf(int codePoint)
    {
        if (!HasPairs)
            return Math.Min(codePoint, text.Length);
        int index = 0;
        for (; codePoint > 0 && index < text.Length; codePoint--)
            index += UnitLength(text, index);
        return index;
    }

    /// <summary>UTF-16 units of the code point that begins at an index: 1 or 2.</summary>
    public static int UnitLength(string text, int index) =>
        char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]) ? 2 : 1;

    private int CountCodePoints()
    {
        int count = text.Length;
        for (int i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i], text[i + 1]))
                count--;
        }

        return count;
    }
}
