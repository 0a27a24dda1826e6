using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

/// <summary>Attributes and items. What is not there is undefined; of what is undefined there is nothing.</summary>
internal static class Members
{
    /// <summary><c>owner.name</c>: a method first, as in Jinja, then an entry.</summary>
    public static Value Attribute(RenderRun run, Value owner, string name)
    {
        Value? found = owner switch
        {
            TextValue text => TextMethods.Find(text, name),
            MapValue map => MapMethods.Find(map, name) ?? map.Find(MapKey.Of(name)),
            NamespaceValue members => members.Members.GetValueOrDefault(name),
            LoopValue loop => loop.Member(name),
            UndefinedValue => throw run.Fail($"{owner.Kind} has no attribute '{name}'"),
            _ => null,
        };
        return found ?? new UndefinedValue($"the attribute '{name}' of {owner.Kind}");
    }

    /// <summary><c>owner[key]</c></summary>
    public static Value Item(RenderRun run, Value owner, Value key)
    {
        if (key is TextValue looked)
            run.Charge(looked.Text.Length);
        switch (owner)
        {
            case UndefinedValue:
                throw run.Fail($"{owner.Kind} has no items");
            case MapValue map when MapKey.TryOf(key) is MapKey place:
                return map.Find(place) ?? Missing(owner, key);
            case ListValue list when key is IntValue index:
                return At(list.Items.Count, index.Number) is int at ? list.Items[at] : Missing(owner, key);
            case TextValue text when key is IntValue index:
                return Character(run, text, index.Number) ?? (Value)Missing(owner, key);
            case NamespaceValue or LoopValue when key is TextValue name:
                return Attribute(run, owner, name.Text);
            default:
                return Missing(owner, key);
        }
    }

    private static TextValue? Character(RenderRun run, TextValue text, long index)
    {
        if (text.HasPairs)
            run.Charge(text.Text.Length);
        if (At(text.CodePoints, index) is not int at)
            return null;
        int from = text.IndexOf(at);
        return Elements.Part(run, text, from, from + TextValue.UnitLength(text.Text, from));
    }

    private static int? At(int count, long index)
    {
        if (index < 0)
            index += count;
        return index >= 0 && index < count ? (int)index : null;
    }

    private static UndefinedValue Missing(Value owner, Value key) => new(key switch
    {
        TextValue { HasContent: false } name => $"the item '{name.Text}' of {owner.Kind}",
        IntValue number => $"the item {number.Number} of {owner.Kind}",
        _ => $"an item of {owner.Kind}",
    });
}
