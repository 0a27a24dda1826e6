using Sluice.Engine.Templates.Library;
using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Syntax;

/// <summary><c>a.name</c></summary>
internal sealed class Member(int line, Expression owner, string name) : Expression(line)
{
    public string Name => name;

    protected override Value Compute(Scope scope, RenderRun run) => Members.Attribute(run, owner.Evaluate(scope), name);
}

/// <summary><c>a[key]</c></summary>
internal sealed class Item(int line, Expression owner, Expression key) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run) => Members.Item(run, owner.Evaluate(scope), key.Evaluate(scope));
}

/// <summary><c>a[from:to:step]</c></summary>
internal sealed class Slice(int line, Expression owner, Expression? from, Expression? to, Expression? step) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run) => Slicing.Slice(
        run, owner.Evaluate(scope), Bound(scope, run, from), Bound(scope, run, to), Bound(scope, run, step) ?? 1);

    private static long? Bound(Scope scope, RenderRun run, Expression? bound) => bound?.Evaluate(scope) switch
    {
        null or NoneValue => null,
        IntValue number => number.Number,
        Value other => throw run.Fail($"a slice takes integers, not {other.Kind}"),
    };
}
