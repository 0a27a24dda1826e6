using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Syntax;

/// <summary>An operator of arithmetic, by its sign.</summary>
internal sealed class Binary(int line, string sign, Expression left, Expression right) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run) =>
        Arithmetic.Apply(run, sign, left.Evaluate(scope), right.Evaluate(scope));
}

internal sealed class Signed(int line, bool isNegative, Expression operand) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run)
    {
        Value value = operand.Evaluate(scope);
        return Arithmetic.IsNumber(value)
            ? Arithmetic.Apply(run, "*", value, new IntValue(isNegative ? -1 : 1))
            : throw run.Fail($"a sign is not for {value.Kind}");
    }
}

/// <summary>The operator <c>~</c>: the printed forms, joined.</summary>
internal sealed class Concatenation(int line, IReadOnlyList<Expression> parts) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run)
    {
        TextBuilder text = run.NewText();
        foreach (Expression part in parts)
            Printer.Print(run, text, part.Evaluate(scope));
        return text.ToText();
    }
}

internal sealed class Not(int line, Expression operand) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run) => BoolValue.Of(!operand.Evaluate(scope).IsTrue);
}

/// <summary><c>and</c> and <c>or</c>: the operand that decides, as in Python.</summary>
internal sealed class Logical(int line, bool isOr, Expression left, Expression right) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run)
    {
        Value value = left.Evaluate(scope);
        return value.IsTrue == isOr ? value : right.Evaluate(scope);
    }
}

/// <summary>Comparisons in a chain: <c>a &lt; b == c</c> holds where each pair does.</summary>
internal sealed class Comparison(int line, Expression first, IReadOnlyList<KeyValuePair<string, Expression>> links) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run)
    {
        Value left = first.Evaluate(scope);
        foreach (KeyValuePair<string, Expression> link in links)
        {
            Value right = link.Value.Evaluate(scope);
            if (!Comparing.Holds(run, link.Key, left, right))
                return BoolValue.False;
            left = right;
        }

        return BoolValue.True;
    }
}

/// <summary><c>a if b else c</c>; without else, undefined.</summary>
internal sealed class Conditional(int line, Expression condition, Expression then, Expression? otherwise) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run) => condition.Evaluate(scope).IsTrue
        ? then.Evaluate(scope)
        : otherwise?.Evaluate(scope) ?? new UndefinedValue("an inline if without else");
}
