using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

/// <summary>Python's slices of lists and texts, with negative bounds and steps.</summary>
internal static class Slicing
{
    public static Value Slice(RenderRun run, Value owner, long? from, long? to, long step)
    {
        if (step == 0)
            throw run.Fail("a slice has the step 0");
        switch (owner)
        {
            case ListValue list:
                List<int> places = Places(run, list.Items.Count, from, to, step);
                return new ListValue([.. places.Select(place => list.Items[place])], list.IsTuple);
            case TextValue text:
                return SliceText(run, text, from, to, step);
            case UndefinedValue:
                throw run.Fail($"{owner.Kind} cannot be sliced");
            default:
                return new UndefinedValue($"a slice of {owner.Kind}");
        }
    }

    private static TextValue SliceText(RenderRun run, TextValue text, long? from, long? to, long step)
    {
        int count = text.CodePoints;
        if (text.HasPairs)
            run.Charge(text.Text.Length);
        if (step == 1)
        {
            int start = (int)Bound(from, 0, count, 0, count);
            int end = (int)Bound(to, count, count, 0, count);
            return end <= start ? TextValue.Empty : Elements.Part(run, text, text.IndexOf(start), text.IndexOf(end));
        }

        IReadOnlyList<Value> characters = Elements.Items(run, text);
        TextBuilder result = run.NewText();
        foreach (int place in Places(run, characters.Count, from, to, step))
            result.Append((TextValue)characters[place]);
        return result.ToText();
    }

    private static List<int> Places(RenderRun run, int count, long? from, long? to, long step)
    {
        List<int> places = [];
        bool isForward = step > 0;
        long lowest = isForward ? 0 : -1;
        long highest = isForward ? count : count - 1;
        long start = Bound(from, isForward ? lowest : highest, count, lowest, highest);
        long end = Bound(to, isForward ? highest : lowest, count, lowest, highest);
        step = Math.Clamp(step, -count - 1L, count + 1L);
        for (long place = start; isForward ? place < end : place > end; place += step)
        {
            run.ChargeItems(1);
            places.Add((int)place);
        }

        return places;
    }

    private static long Bound(long? bound, long missing, int count, long lowest, long highest) =>
        bound is not long given ? missing : Math.Clamp(given < 0 ? given + count : given, lowest, highest);
}
