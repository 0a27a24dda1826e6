using Sluice.Engine.Templates.Library;
using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Syntax;

/// <summary>What a for or set gives a value to.</summary>
internal abstract class Target
{
    public abstract void Set(Scope scope, Value value);
}

internal sealed class NameTarget(string name) : Target
{
    public override void Set(Scope scope, Value value) => scope.Set(name, value);
}

/// <summary><c>a, b</c>: as many values as names.</summary>
internal sealed class TupleTarget(IReadOnlyList<Target> parts) : Target
{
    public override void Set(Scope scope, Value value)
    {
        IReadOnlyList<Value> values = Elements.Items(scope.Run, value);
        if (values.Count != parts.Count)
            throw scope.Run.Fail($"{parts.Count} names are given {values.Count} values");
        for (int i = 0; i < parts.Count; i++)
            parts[i].Set(scope, values[i]);
    }
}

/// <summary><c>ns.name</c></summary>
internal sealed class MemberTarget(string owner, string name) : Target
{
    public override void Set(Scope scope, Value value)
    {
        if (scope.Find(owner) is not NamespaceValue members)
            throw scope.Run.Fail($"'{owner}' is no namespace, so that its attribute {name} cannot be set");
        scope.Run.Charge(1);
        members.Members[name] = value;
    }
}
