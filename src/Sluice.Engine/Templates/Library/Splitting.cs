using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

/// <summary>Parts of a text between separators.</summary>
internal static class Splitting
{
    /// <param name="separator">Null: any run of white space, and no empty parts.</param>
    /// <param name="most">Cuts at most; negative for all.</param>
    public static ListValue Split(RenderRun run, TextValue text, TextValue? separator, long most)
    {
        if (separator is null)
            return new ListValue(Words(run, text, most));
        if (separator.Text.Length == 0)
            throw run.Fail("split takes a separator that is not empty");
        run.ChargeSearch(text.Text.Length, separator.Text.Length);
        List<Value> parts = [];
        int from = 0;
        while (most < 0 || parts.Count < most)
        {
            int to = text.Text.IndexOf(separator.Text, from, StringComparison.Ordinal);
            if (to < 0)
                break;
            Add(run, parts, text, from, to);
            from = to + separator.Text.Length;
        }

        Add(run, parts, text, from, text.Text.Length);
        return new ListValue(parts);
    }

    private static List<Value> Words(RenderRun run, TextValue text, long most)
    {
        run.Charge(text.Text.Length);
        List<Value> words = [];
        int at = SkipSpaces(text.Text, 0);
        while (at < text.Text.Length)
        {
            int end = at;
            while (end < text.Text.Length && !TextOperations.IsSpace(text.Text[end]))
                end++;
            if (most >= 0 && words.Count == most)
                end = text.Text.Length;
            Add(run, words, text, at, end);
            at = SkipSpaces(text.Text, end);
        }

        return words;
    }

    private static int SkipSpaces(string text, int at)
    {
        while (at < text.Length && TextOperations.IsSpace(text[at]))
            at++;
        return at;
    }

    private static void Add(RenderRun run, List<Value> parts, TextValue text, int from, int to)
    {
        run.ChargeItems(1);
        parts.Add(Elements.Part(run, text, from, to));
    }
}
