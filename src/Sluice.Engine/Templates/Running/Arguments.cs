using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Running;

/// <summary>What a call was given; taken parameter by parameter, in the order of the parameters.</summary>
/// <param name="callee">Name of what is called, for errors.</param>
internal sealed class Arguments(
    RenderRun run, string callee, IReadOnlyList<Value> positional, IReadOnlyList<KeyValuePair<string, Value>> named)
{
    private readonly HashSet<string> _taken = [];
    private int _position;

    public bool HasPositional => _position < positional.Count;

    public IReadOnlyList<KeyValuePair<string, Value>> Named => named;

    public Value? Next(string name)
    {
        if (_position < positional.Count)
            return positional[_position++];
        foreach (KeyValuePair<string, Value> argument in named)
        {
            if (argument.Key == name)
            {
                _taken.Add(name);
                return argument.Value;
            }
        }

        return null;
    }

    public Value Required(string name) => Next(name) ?? throw run.Fail($"{callee} needs its argument {name}");

    public TextValue? Text(string name) => Next(name) switch
    {
        null or NoneValue => null,
        TextValue text => text,
        Value other => throw run.Fail($"{callee} takes a string as {name}, not {other.Kind}"),
    };

    public TextValue RequiredText(string name) => Text(name) ?? throw run.Fail($"{callee} needs its argument {name}, a string");

    public long? Integer(string name) => Next(name) switch
    {
        null or NoneValue => null,
        IntValue number => number.Number,
        BoolValue flag => flag.IsTrue ? 1 : 0,
        Value other => throw run.Fail($"{callee} takes an integer as {name}, not {other.Kind}"),
    };

    public bool Flag(string name) => Next(name)?.IsTrue ?? false;

    /// <summary>Takes all arguments that are left, for another callee.</summary>
    public Arguments Rest(string other)
    {
        Arguments rest = new(run, other, [.. positional.Skip(_position)], [.. named.Where(argument => !_taken.Contains(argument.Key))]);
        _position = positional.Count;
        TakeNamed();
        return rest;
    }

    /// <summary>The same arguments, none of them taken.</summary>
    public Arguments Copy() => new(run, callee, positional, named);

    public void TakeNamed() => _taken.UnionWith(named.Select(argument => argument.Key));

    /// <summary>Refuses what no parameter has taken.</summary>
    public void End()
    {
        if (_position < positional.Count)
            throw run.Fail($"{callee} takes at most {_position} arguments, not {positional.Count}");
        foreach (KeyValuePair<string, Value> argument in named)
        {
            if (!_taken.Contains(argument.Key))
                throw run.Fail($"{callee} has no argument {argument.Key}");
        }
    }
}
