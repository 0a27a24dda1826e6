using System.Globalization;
using System.Text;

namespace Sluice.Engine.Tokens;

/// <summary>The normalizer of BERT: control characters out, ideographs apart, accents off, lower case.</summary>
internal sealed class BertNormalizer(bool cleanText, bool spaceIdeographs, bool stripAccents, bool lowercase) : Normalizer
{
    // First and last code points of the CJK blocks that BERT sets apart.
    private static readonly (int First, int Last)[] s_ideographs =
    [
        (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
        (0x2B740, 0x2B81F), (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
    ];

    public override string Apply(string text, PieceStart start)
    {
        if (cleanText || spaceIdeographs)
            text = Rewrite(text);
        if (stripAccents)
            text = StripAccentsNormalizer.Strip(UnicodeNormalizer.Normalize(text, NormalizationForm.FormD), category => category == UnicodeCategory.NonSpacingMark);
        return lowercase ? LowercaseNormalizer.Lower(text) : text;
    }

    // Two spaces around an ideograph, four characters of one with accents, two of a letter.
    public override void Grow(TextGrowth growth) => growth.Change(3 * 4 * 2);

    private string Rewrite(string text)
    {
        StringBuilder kept = new(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (cleanText && IsNoise(rune))
                continue;
            if (cleanText && Rune.IsWhiteSpace(rune))
                kept.Append(' ');
            else if (spaceIdeographs && IsIdeograph(rune.Value))
                kept.Append(' ').Append(rune.ToString()).Append(' ');
            else
                kept.Append(rune.ToString());
        }

        return kept.ToString();
    }

    private static bool IsNoise(Rune rune) => rune.Value is not ('\t' or '\n' or '\r')
        && (rune.Value == 0xFFFD || Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    private static bool IsIdeograph(int value)
    {
        if (value < 0x3400)
            return false;
        foreach ((int first, int last) in s_ideographs)
        {
            if (value >= first && value <= last)
                return true;
        }

        return false;
    }
}
