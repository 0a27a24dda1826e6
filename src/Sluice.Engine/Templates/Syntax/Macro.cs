using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Syntax;

/// <summary><c>macro name(parameters)</c></summary>
/// <param name="parameters">Names, and what they are where a call does not give them.</param>
internal sealed class Macro(int line, string name, IReadOnlyList<KeyValuePair<string, Expression?>> parameters, Block body) : Statement(line)
{
    protected override Flow Perform(Scope scope, RenderRun run, TextBuilder output)
    {
        scope.Set(name, new MacroValue(this, scope));
        return Flow.Next;
    }

    private TextValue Call(Scope home, RenderRun run, Arguments arguments)
    {
        run.EnterMacro();
        int line = run.Line;
        Scope scope = home.Inner();
        foreach (KeyValuePair<string, Expression?> parameter in parameters)
        {
            Value value = arguments.Next(parameter.Key)
                ?? parameter.Value?.Evaluate(scope)
                ?? new UndefinedValue($"the argument {parameter.Key} of {name}");
            scope.Set(parameter.Key, value);
        }

        arguments.End();
        TextBuilder text = run.NewText();
        body.Execute(scope, text);
        run.Line = line;
        run.LeaveMacro();
        return text.ToText();
    }

    private sealed class MacroValue(Macro macro, Scope home) : CallableValue
    {
        public override Value Call(RenderRun run, Arguments arguments) => macro.Call(home, run, arguments);
    }
}
