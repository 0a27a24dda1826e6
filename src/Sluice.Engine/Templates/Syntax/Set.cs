using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Syntax;

/// <summary><c>set target = value</c></summary>
internal sealed class Set(int line, Target target, Expression value) : Statement(line)
{
    protected override Flow Perform(Scope scope, RenderRun run, TextBuilder output)
    {
        target.Set(scope, value.Evaluate(scope));
        return Flow.Next;
    }
}

/// <summary>What a block writes, as a value.</summary>
internal sealed class CapturedText(int line) : Expression(line)
{
    /// <summary>Known once the parser has come past the filters, which are written before it.</summary>
    public Block? Body { get; set; }

    protected override Value Compute(Scope scope, RenderRun run)
    {
        TextBuilder text = run.NewText();
        Body!.Execute(scope.Inner(), text);
        return text.ToText();
    }
}
