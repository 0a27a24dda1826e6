using Sluice.Engine.Templates.Running;

namespace Sluice.Engine.Templates.Values;

/// <summary>A dictionary in the order of its entries; filled once, then not changed.</summary>
internal sealed class MapValue : Value
{
    private readonly Dictionary<MapKey, int> _places = [];
    private readonly List<KeyValuePair<Value, Value>> _entries = [];

    /// <summary>Keys and values; keys keep their provenance, and are compared without it.</summary>
    public IReadOnlyList<KeyValuePair<Value, Value>> Entries => _entries;

    public override bool IsTrue => _entries.Count > 0;

    public override string Kind => "a mapping";

    /// <summary>Sets an entry; the last of two equal keys wins, in the place of the first.</summary>
    public void Set(MapKey place, Value key, Value value)
    {
        if (_places.TryGetValue(place, out int index))
        {
            _entries[index] = new(_entries[index].Key, value);
            return;
        }

        _places.Add(place, _entries.Count);
        _entries.Add(new(key, value));
    }

    public Value? Find(MapKey key) => _places.TryGetValue(key, out int index) ? _entries[index].Value : null;
}

/// <summary>What a key is compared by. Numbers and booleans share one space, as in Python; none is the number NaN.</summary>
internal readonly record struct MapKey(string? Text, double Number)
{
    public static MapKey Of(string text) => new(text, 0);

    public static MapKey? TryOf(Value value) => value switch
    {
        TextValue text => Of(text.Text),
        IntValue number => new(null, number.Number),
        FloatValue number => new(null, number.Number),
        BoolValue flag => new(null, flag.IsTrue ? 1 : 0),
        NoneValue => new(null, double.NaN),
        _ => null,
    };

    public static MapKey Of(RenderRun run, Value value)
    {
        if (value is TextValue text)
            run.Charge(text.Text.Length);
        return TryOf(value) ?? throw run.Fail($"{value.Kind} cannot be a key");
    }
}
