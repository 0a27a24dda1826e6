using System.Numerics;
using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

/// <summary>sort, unique and dictsort; letters count alike in both cases unless case_sensitive says otherwise.</summary>
internal static class Ordering
{
    public static Value Sort(RenderRun run, Value value, Arguments arguments)
    {
        bool descends = arguments.Flag("reverse");
        bool caseSensitive = arguments.Flag("case_sensitive");
        Value? attribute = arguments.Next("attribute");
        IReadOnlyList<Value> items = Elements.Items(run, value);
        return new ListValue(Sorted(run, items, item => attribute is null ? item : Selecting.Attribute(run, item, attribute), caseSensitive, descends));
    }

    public static Value DictSort(RenderRun run, Value value, Arguments arguments)
    {
        if (value is not MapValue map)
            throw run.Fail($"dictsort is not for {value.Kind}");
        bool caseSensitive = arguments.Flag("case_sensitive");
        string by = arguments.Text("by")?.Text ?? "key";
        if (by is not ("key" or "value"))
            throw run.Fail("dictsort goes by 'key' or 'value'");
        int part = by == "key" ? 0 : 1;
        return new ListValue(Sorted(
            run, Elements.Entries(run, map).Items, item => ((ListValue)item).Items[part], caseSensitive, arguments.Flag("reverse")));
    }

    public static Value Unique(RenderRun run, Value value, Arguments arguments)
    {
        bool caseSensitive = arguments.Flag("case_sensitive");
        Value? attribute = arguments.Next("attribute");
        HashSet<MapKey> seen = [];
        List<Value> unique = [];
        foreach (Value item in Elements.Items(run, value))
        {
            run.ChargeItems(1);
            Value key = Folded(run, attribute is null ? item : Selecting.Attribute(run, item, attribute), caseSensitive);
            if (seen.Add(MapKey.Of(run, key)))
                unique.Add(item);
        }

        return new ListValue(unique);
    }

    private static List<Value> Sorted(RenderRun run, IReadOnlyList<Value> items, Func<Value, Value> keyOf, bool caseSensitive, bool descends)
    {
        run.ChargeItems(items.Count);
        List<KeyValuePair<Value, Value>> keyed = new(items.Count);
        int rounds = BitOperations.Log2((uint)items.Count + 1) + 1;
        foreach (Value item in items)
        {
            run.Evaluate();
            Value key = Folded(run, keyOf(item), caseSensitive);
            if (key is TextValue text)
                run.Charge((long)text.Text.Length * rounds);
            else if (!Arithmetic.IsNumber(key))
                throw run.Fail($"{key.Kind} cannot be sorted");
            if (keyed.Count > 0 && key is TextValue != keyed[0].Key is TextValue)
                throw run.Fail($"{keyed[0].Key.Kind} and {key.Kind} have no order");
            keyed.Add(new(key, item));
        }

        IComparer<KeyValuePair<Value, Value>> order = Comparer<KeyValuePair<Value, Value>>.Create((a, b) => Order(a.Key, b.Key));
        return [.. (descends ? keyed.OrderDescending(order) : keyed.Order(order)).Select(pair => pair.Value)];
    }

    /// <summary>The order of two texts or two numbers, already paid for.</summary>
    private static int Order(Value left, Value right) => left is TextValue text
        ? string.CompareOrdinal(text.Text, ((TextValue)right).Text)
        : Arithmetic.AsDouble(left).CompareTo(Arithmetic.AsDouble(right));

    private static Value Folded(RenderRun run, Value key, bool caseSensitive) =>
        key is TextValue text && !caseSensitive ? TextOperations.Lower(run, text) : key;
}
