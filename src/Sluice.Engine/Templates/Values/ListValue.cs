namespace Sluice.Engine.Templates.Values;

/// <summary>A list or a tuple; templates cannot change either.</summary>
internal sealed class ListValue(IReadOnlyList<Value> items, bool isTuple = false) : Value
{
    public IReadOnlyList<Value> Items => items;

    public bool IsTuple => isTuple;

    public override bool IsTrue => items.Count > 0;

    public override string Kind => isTuple ? "a tuple" : "a list";
}
