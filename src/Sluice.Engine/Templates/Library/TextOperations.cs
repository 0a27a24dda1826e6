using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

/// <summary>Operations on texts. Each character of a result keeps the provenance of the character that it came from.</summary>
internal static class TextOperations
{
    /// <summary>White space as Python's str.strip knows it.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <param name="characters">What goes; null for white space.</param>
    public static TextValue Trim(RenderRun run, TextValue text, TextValue? characters, bool atStart = true, bool atEnd = true)
    {
        string all = text.Text;
        int from = 0;
        int to = all.Length;
        while (atStart && from < to && Goes(run, all.AsSpan(from, TextValue.UnitLength(all, from)), characters))
            from += TextValue.UnitLength(all, from);
        while (atEnd && from < to)
        {
            int last = to - 1 > from && char.IsSurrogatePair(all[to - 2], all[to - 1]) ? to - 2 : to - 1;
            if (!Goes(run, all.AsSpan(last, to - last), characters))
                break;
            to = last;
        }

        return Elements.Part(run, text, from, to);
    }

    public static TextValue Upper(RenderRun run, TextValue text) => Map(run, text, (c, _) => char.ToUpperInvariant(c));

    public static TextValue Lower(RenderRun run, TextValue text) => Map(run, text, (c, _) => char.ToLowerInvariant(c));

    public static TextValue Capitalize(RenderRun run, TextValue text) =>
        Map(run, text, (c, index) => index == 0 ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c));

    /// <param name="isInWord">Whether the character after such a one is lower case.</param>
    public static TextValue Title(RenderRun run, TextValue text, Func<char, bool> isInWord) => Map(run, text, (c, index) =>
        index > 0 && isInWord(text.Text[index - 1]) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c));

    /// <param name="most">Replacements at most; negative for all.</param>
    public static TextValue Replace(RenderRun run, TextValue text, TextValue old, TextValue with, long most)
    {
        if (old.Text.Length == 0)
            throw run.Fail("replace takes a text to look for that is not empty");
        run.ChargeSearch(text.Text.Length, old.Text.Length);
        int next = text.Text.IndexOf(old.Text, StringComparison.Ordinal);
        if (next < 0 || most == 0)
            return text;
        TextBuilder result = run.NewText();
        int from = 0;
        for (long count = 0; next >= 0 && count != most; count++)
        {
            run.Charge(1);
            result.Append(text, from, next).Append(with);
            from = next + old.Text.Length;
            next = text.Text.IndexOf(old.Text, from, StringComparison.Ordinal);
        }

        return result.Append(text, from, text.Text.Length).ToText();
    }

    public static TextValue Join(RenderRun run, TextValue separator, IReadOnlyList<Value> items)
    {
        TextBuilder result = run.NewText();
        for (int i = 0; i < items.Count; i++)
        {
            run.Charge(1);
            if (i > 0)
                result.Append(separator);
            Printer.Print(run, result, items[i]);
        }

        return result.ToText();
    }

    /// <summary>Puts <paramref name="indent"/> before the lines after the first.</summary>
    public static TextValue Indent(RenderRun run, TextValue text, TextValue indent, bool first, bool blank)
    {
        TextBuilder result = run.NewText();
        IReadOnlyList<Value> lines = Splitting.Split(run, text, TextValue.Template("\n"), -1).Items;
        for (int i = 0; i < lines.Count; i++)
        {
            if (i > 0)
                result.Append("\n", isContent: false);
            if (i == 0 ? first : blank || lines[i].IsTrue)
                result.Append(indent);
            result.Append((TextValue)lines[i]);
        }

        return result.ToText();
    }

    private static bool Goes(RenderRun run, ReadOnlySpan<char> unit, TextValue? characters)
    {
        run.Charge(1 + (characters?.Text.Length ?? 0));
        return characters is null ? IsSpace(unit[0]) : characters.Text.AsSpan().IndexOf(unit) >= 0;
    }

    private static TextValue Map(RenderRun run, TextValue text, Func<char, int, char> change)
    {
        run.Charge(text.Text.Length);
        char[] characters = new char[text.Text.Length];
        for (int i = 0; i < characters.Length; i++)
            characters[i] = change(text.Text[i], i);
        return text.WithCharacters(new string(characters));
    }
}
