using Sluice.Engine.Templates.Library;
using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Syntax;

/// <summary><c>for target in items if condition</c>. The condition filters before the loop counts; each pass has variables of its own.</summary>
internal sealed class For(int line, Target target, Expression items, Expression? condition, Block body, Block? otherwise) : Statement(line)
{
    protected override Flow Perform(Scope scope, RenderRun run, TextBuilder output)
    {
        IReadOnlyList<Value> wanted = Wanted(scope, run);
        for (int i = 0; i < wanted.Count; i++)
        {
            run.Line = Line;
            run.Iterate();
            Scope pass = scope.Inner();
            target.Set(pass, wanted[i]);
            pass.Set("loop", new LoopValue(wanted, i));
            if (body.Execute(pass, output) == Flow.Break)
                return Flow.Next;
        }

        if (wanted.Count == 0)
            otherwise?.Execute(scope.Inner(), output);
        return Flow.Next;
    }

    private int Line { get; } = line;

    private IReadOnlyList<Value> Wanted(Scope scope, RenderRun run)
    {
        IReadOnlyList<Value> all = Elements.Items(run, items.Evaluate(scope));
        if (condition is null)
            return all;
        List<Value> wanted = [];
        foreach (Value item in all)
        {
            run.Iterate();
            Scope trial = scope.Inner();
            target.Set(trial, item);
            if (condition.Evaluate(trial).IsTrue)
                wanted.Add(item);
        }

        return wanted;
    }
}
