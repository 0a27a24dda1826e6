using Sluice.Engine.Templates.Running;

namespace Sluice.Engine.Templates.Values;

/// <summary>What can be called: a macro, a function of the template language, a method of a value.</summary>
internal abstract class CallableValue : Value
{
    public override bool IsTrue => true;

    public override string Kind => "a function";

    public abstract Value Call(RenderRun run, Arguments arguments);
}

internal sealed class FunctionValue(Func<RenderRun, Arguments, Value> body) : CallableValue
{
    public override Value Call(RenderRun run, Arguments arguments)
    {
        Value result = body(run, arguments);
        arguments.End();
        return result;
    }
}
