using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Running;

/// <summary>Variables of one block. Setting never reaches the block around it.</summary>
internal sealed class Scope(RenderRun run, Scope? outer = null)
{
    private Dictionary<string, Value>? _variables;

    public RenderRun Run => run;

    public Value? Find(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._variables is not null && scope._variables.TryGetValue(name, out Value? value))
                return value;
        }

        return null;
    }

    public void Set(string name, Value value) => (_variables ??= [])[name] = value;

    public Scope Inner() => new(run, this);

    private Scope? Outer => outer;
}
