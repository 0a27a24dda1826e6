using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Syntax;

/// <summary>A node that has a value. Every evaluation is counted, and knows its line.</summary>
internal abstract class Expression(int line)
{
    public int Line => line;

    public Value Evaluate(Scope scope)
    {
        RenderRun run = scope.Run;
        int outer = run.Line;
        run.Line = line;
        run.Evaluate();
        run.Enter();
        Value value = Compute(scope, run);
        run.Leave();
        run.Line = outer;
        return value;
    }

    protected abstract Value Compute(Scope scope, RenderRun run);
}
