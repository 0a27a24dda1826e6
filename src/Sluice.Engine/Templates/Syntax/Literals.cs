using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Syntax;

internal sealed class Constant(int line, Value value) : Expression(line)
{
    public Value Value => value;

    protected override Value Compute(Scope scope, RenderRun run) => value;
}

internal sealed class NameExpression(int line, string name) : Expression(line)
{
    public string Name => name;

    protected override Value Compute(Scope scope, RenderRun run) => scope.Find(name) ?? new UndefinedValue($"'{name}'");
}

/// <summary>A list or a tuple.</summary>
internal sealed class ListExpression(int line, IReadOnlyList<Expression> items, bool isTuple) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run)
    {
        run.ChargeItems(items.Count);
        List<Value> values = new(items.Count);
        foreach (Expression item in items)
            values.Add(item.Evaluate(scope));
        return new ListValue(values, isTuple);
    }
}

internal sealed class MapExpression(int line, IReadOnlyList<KeyValuePair<Expression, Expression>> entries) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run)
    {
        run.ChargeItems(entries.Count);
        MapValue map = new();
        foreach (KeyValuePair<Expression, Expression> entry in entries)
        {
            Value key = entry.Key.Evaluate(scope);
            map.Set(MapKey.Of(run, key), key, entry.Value.Evaluate(scope));
        }

        return map;
    }
}
