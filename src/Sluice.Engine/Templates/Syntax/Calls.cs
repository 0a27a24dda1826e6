using Sluice.Engine.Templates.Library;
using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Syntax;

/// <summary>Arguments as written.</summary>
internal sealed record CallArguments(IReadOnlyList<Expression> Positional, IReadOnlyList<KeyValuePair<string, Expression>> Named)
{
    public static CallArguments None { get; } = new([], []);

    public Arguments Evaluate(Scope scope, string callee)
    {
        List<Value> positional = new(Positional.Count);
        foreach (Expression argument in Positional)
            positional.Add(argument.Evaluate(scope));
        List<KeyValuePair<string, Value>> named = new(Named.Count);
        foreach (KeyValuePair<string, Expression> argument in Named)
            named.Add(new(argument.Key, argument.Value.Evaluate(scope)));
        return new Arguments(scope.Run, callee, positional, named);
    }
}

/// <summary><c>a(...)</c></summary>
/// <param name="name">What is called, in words of the template.</param>
internal sealed class Call(int line, Expression callee, string name, CallArguments arguments) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run) => callee.Evaluate(scope) is CallableValue callable
        ? callable.Call(run, arguments.Evaluate(scope, name))
        : throw run.Fail($"{name} is no function, macro or method");
}

/// <summary><c>a | name(...)</c>; without an operand, of the text of a block.</summary>
internal sealed class FilterCall(int line, string name, Filter filter, Expression operand, CallArguments arguments) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run)
    {
        Value input = operand.Evaluate(scope);
        Arguments given = arguments.Evaluate(scope, $"the filter {name}");
        Value result = filter(run, input, given);
        given.End();
        return result;
    }
}

/// <summary><c>a is name(...)</c></summary>
internal sealed class TestCall(int line, string name, Test test, Expression operand, CallArguments arguments) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderRun run)
    {
        Value input = operand.Evaluate(scope);
        Arguments given = arguments.Evaluate(scope, $"the test {name}");
        bool holds = test(run, input, given);
        given.End();
        return BoolValue.Of(holds);
    }
}
