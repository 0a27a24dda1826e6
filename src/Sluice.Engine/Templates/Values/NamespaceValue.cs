namespace Sluice.Engine.Templates.Values;

/// <summary>The one kind of value that can be changed, by <c>set ns.name = value</c>.</summary>
internal sealed class NamespaceValue : Value
{
    public Dictionary<string, Value> Members { get; } = [];

    public override bool IsTrue => true;

    public override string Kind => "a namespace";
}
