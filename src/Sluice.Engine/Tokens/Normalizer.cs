using System.Globalization;
using System.Text;

namespace Sluice.Engine.Tokens;

/// <summary>One rewriting of text before it is split into words. Immutable.</summary>
internal abstract class Normalizer
{
    /// <param name="text">Not empty, without lone surrogates.</param>
    /// <param name="start">What stands before the text.</param>
    public abstract string Apply(string text, PieceStart start);

    /// <summary>Adds to what the steps after this one may make of a text what this one may.</summary>
    public virtual void Grow(TextGrowth growth)
    {
    }
}

/// <summary>Several in order.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<Normalizer> steps) : Normalizer
{
    public override string Apply(string text, PieceStart start)
    {
        foreach (Normalizer step in steps)
        {
            if (text.Length == 0)
                break;
            text = step.Apply(text, start);
        }

        return text;
    }

    public override void Grow(TextGrowth growth)
    {
        for (int i = steps.Count - 1; i >= 0; i--)
            steps[i].Grow(growth);
    }
}

/// <summary>Puts a string in front, unless the text continues an encoded prompt.</summary>
internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override string Apply(string text, PieceStart start) => start == PieceStart.Continuation ? text : prefix + text;

    public override void Grow(TextGrowth growth) => growth.Prepend(prefix);
}

/// <summary>Replaces every occurrence of a literal.</summary>
internal sealed class ReplaceNormalizer(string literal, string content) : Normalizer
{
    public override string Apply(string text, PieceStart start) => text.Replace(literal, content, StringComparison.Ordinal);

    public override void Grow(TextGrowth growth) => growth.Replace(literal, content);
}

/// <summary>NFC, NFD, NFKC, NFKD.</summary>
internal sealed class UnicodeNormalizer(NormalizationForm form) : Normalizer
{
    // The one character that .NET refuses to normalize. It composes with nothing, so text falls apart there unchanged.
    private const char Refused = '\uFFFE';

    // Marks on one letter are put in order in quadratic time: of a longer run, piece by piece.
    private const int MostMarks = 1024;

    /// <summary>False in globalization-invariant mode: .NET hands the text back as it is there, and says nothing.</summary>
    public static bool Works { get; } = "e\u0301".Normalize(NormalizationForm.FormC) == "\u00E9" && "\uFF21".Normalize(NormalizationForm.FormKD) == "A";

    public override string Apply(string text, PieceStart start) => Normalize(text, form);

    // The longest decompositions that Unicode has.
    public override void Grow(TextGrowth growth) => growth.Change(form is NormalizationForm.FormKC or NormalizationForm.FormKD ? 18 : 4);

    public static string Normalize(string text, NormalizationForm form)
    {
        if (Ascii.IsValid(text))
            return text;
        StringBuilder? normal = null;
        int from = 0, marks = 0;
        for (int i = 0; i < text.Length; i++)
        {
            marks = char.IsLowSurrogate(text[i]) ? marks : IsMark(text, i) ? marks + 1 : 0;
            if (text[i] != Refused && marks <= MostMarks)
                continue;
            normal ??= new StringBuilder(text.Length);
            normal.Append(text[from..i].Normalize(form));
            from = i;
            marks = 1;
            if (text[i] == Refused)
            {
                normal.Append(Refused);
                from++;
                marks = 0;
            }
        }

        return normal is null ? text.Normalize(form) : normal.Append(text[from..].Normalize(form)).ToString();
    }

    private static bool IsMark(string text, int index) =>
        text[index] >= '\u0300' && CharUnicodeInfo.GetUnicodeCategory(text, index) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}

/// <summary>Removes white space at the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override string Apply(string text, PieceStart start)
    {
        text = left ? text.TrimStart() : text;
        return right ? text.TrimEnd() : text;
    }
}

/// <summary>Lower case by code point.</summary>
internal sealed class LowercaseNormalizer : Normalizer
{
    public override string Apply(string text, PieceStart start) => Lower(text);

    public override void Grow(TextGrowth growth) => growth.Change(2);

    /// <summary>Unicode's full mapping: the dotted capital I is the one letter whose lower case is two code points.</summary>
    public static string Lower(string text) => text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();
}

/// <summary>Removes marks, of all three kinds.</summary>
internal sealed class StripAccentsNormalizer : Normalizer
{
    public override string Apply(string text, PieceStart start) =>
        Strip(text, category => category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark);

    /// <summary>The text without the code points of these categories.</summary>
    public static string Strip(string text, Func<UnicodeCategory, bool> removed)
    {
        StringBuilder kept = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!removed(Rune.GetUnicodeCategory(rune)))
                kept.Append(rune.ToString());
        }

        return kept.ToString();
    }
}
