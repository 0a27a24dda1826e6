using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

/// <summary>What can be gone through one by one.</summary>
internal static class Elements
{
    /// <summary>The elements of a list, the keys of a mapping, the characters of a text; nothing of what is not defined.</summary>
    public static IReadOnlyList<Value> Items(RenderRun run, Value value)
    {
        switch (value)
        {
            case ListValue list:
                return list.Items;
            case MapValue map:
                run.ChargeItems(map.Entries.Count);
                return [.. map.Entries.Select(entry => entry.Key)];
            case TextValue text:
                return Characters(run, text);
            case UndefinedValue:
                return [];
            default:
                throw run.Fail($"{value.Kind} has no elements");
        }
    }

    public static ListValue Entries(RenderRun run, MapValue map)
    {
        run.ChargeItems(map.Entries.Count);
        return new ListValue([.. map.Entries.Select(entry => new ListValue([entry.Key, entry.Value], isTuple: true))]);
    }

    /// <summary>The part [from, to) of a text, in UTF-16 units.</summary>
    public static TextValue Part(RenderRun run, TextValue text, int from, int to) =>
        from == 0 && to == text.Text.Length ? text : run.NewText().Append(text, from, to).ToText();

    private static List<Value> Characters(RenderRun run, TextValue text)
    {
        run.ChargeItems(text.Text.Length);
        List<Value> characters = [];
        int next;
        for (int i = 0; i < text.Text.Length; i = next)
        {
            next = i + TextValue.UnitLength(text.Text, i);
            characters.Add(Part(run, text, i, next));
        }

        return characters;
    }
}
