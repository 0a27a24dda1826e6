using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Syntax;

/// <summary>What happens after a statement.</summary>
internal enum Flow
{
    Next,
    Continue,
    Break,
}

/// <summary>A node that writes or sets. Every execution is counted, and knows its line.</summary>
internal abstract class Statement(int line)
{
    public Flow Execute(Scope scope, TextBuilder output)
    {
        RenderRun run = scope.Run;
        run.Line = line;
        run.Evaluate();
        run.Enter();
        Flow flow = Perform(scope, run, output);
        run.Leave();
        return flow;
    }

    protected abstract Flow Perform(Scope scope, RenderRun run, TextBuilder output);
}

/// <summary>Statements in order; what a loop passes on ends it early.</summary>
internal sealed class Block(int line, IReadOnlyList<Statement> statements) : Statement(line)
{
    protected override Flow Perform(Scope scope, RenderRun run, TextBuilder output)
    {
        foreach (Statement statement in statements)
        {
            Flow flow = statement.Execute(scope, output);
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }
}

internal sealed class WriteText(int line, string text) : Statement(line)
{
    protected override Flow Perform(Scope scope, RenderRun run, TextBuilder output)
    {
        output.Append(text, isContent: false);
        return Flow.Next;
    }
}

internal sealed class WriteValue(int line, Expression value) : Statement(line)
{
    protected override Flow Perform(Scope scope, RenderRun run, TextBuilder output)
    {
        Printer.Print(run, output, value.Evaluate(scope));
        return Flow.Next;
    }
}

/// <summary><c>break</c> and <c>continue</c>; the parser lets them stand only in a loop.</summary>
internal sealed class Jump(int line, Flow flow) : Statement(line)
{
    protected override Flow Perform(Scope scope, RenderRun run, TextBuilder output) => flow;
}

/// <summary>The first branch whose condition holds; its variables are those of the block around it.</summary>
internal sealed class If(int line, IReadOnlyList<KeyValuePair<Expression, Block>> branches, Block? otherwise) : Statement(line)
{
    protected override Flow Perform(Scope scope, RenderRun run, TextBuilder output)
    {
        foreach (KeyValuePair<Expression, Block> branch in branches)
        {
            if (branch.Key.Evaluate(scope).IsTrue)
                return branch.Value.Execute(scope, output);
        }

        return otherwise?.Execute(scope, output) ?? Flow.Next;
    }
}
