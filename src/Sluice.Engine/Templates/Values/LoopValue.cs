namespace Sluice.Engine.Templates.Values;

/// <summary>The variable <c>loop</c> in one pass of a for.</summary>
internal sealed class LoopValue(IReadOnlyList<Value> items, int index) : Value
{
    public override bool IsTrue => true;

    public override string Kind => "the loop";

    public Value? Member(string name) => name switch
    {
        "index" => new IntValue(index + 1),
        "index0" => new IntValue(index),
        "revindex" => new IntValue(items.Count - index),
        "revindex0" => new IntValue(items.Count - index - 1),
        "first" => BoolValue.Of(index == 0),
        "last" => BoolValue.Of(index == items.Count - 1),
        "length" => new IntValue(items.Count),
        "previtem" => index > 0 ? items[index - 1] : new UndefinedValue("loop.previtem of the first pass"),
        "nextitem" => index + 1 < items.Count ? items[index + 1] : new UndefinedValue("loop.nextitem of the last pass"),
        _ => null,
    };
}
