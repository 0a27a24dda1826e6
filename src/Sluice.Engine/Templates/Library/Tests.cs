using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

internal delegate bool Test(RenderRun run, Value value, Arguments arguments);

/// <summary>What may stand after <c>is</c>.</summary>
internal static class Tests
{
    private static readonly Dictionary<string, Test> s_tests = new()
    {
        ["defined"] = (_, value, _) => value is not UndefinedValue,
        ["undefined"] = (_, value, _) => value is UndefinedValue,
        ["none"] = (_, value, _) => value is NoneValue,
        ["string"] = (_, value, _) => value is TextValue,
        ["mapping"] = (_, value, _) => value is MapValue,
        ["iterable"] = (_, value, _) => value is TextValue or ListValue or MapValue or UndefinedValue,
        ["sequence"] = (_, value, _) => value is TextValue or ListValue or MapValue or UndefinedValue,
        ["number"] = (_, value, _) => Arithmetic.IsNumber(value),
        ["integer"] = (_, value, _) => value is IntValue,
        ["float"] = (_, value, _) => value is FloatValue,
        ["boolean"] = (_, value, _) => value is BoolValue,
        ["true"] = (_, value, _) => value == BoolValue.True,
        ["false"] = (_, value, _) => value == BoolValue.False,
        ["callable"] = (_, value, _) => value is CallableValue,
        ["odd"] = (run, value, _) => Parity(run, value) == 1,
        ["even"] = (run, value, _) => Parity(run, value) == 0,
        ["in"] = (run, value, arguments) => Comparing.Contains(run, arguments.Required("seq"), value),
        ["equalto"] = Compare("=="),
        ["eq"] = Compare("=="),
        ["=="] = Compare("=="),
        ["ne"] = Compare("!="),
        ["!="] = Compare("!="),
        ["lt"] = Compare("<"),
        ["le"] = Compare("<="),
        ["gt"] = Compare(">"),
        ["ge"] = Compare(">="),
    };

    public static Test? Find(string name) => s_tests.GetValueOrDefault(name);

    private static Test Compare(string sign) =>
        (run, value, arguments) => Comparing.Holds(run, sign, value, arguments.Required("other"));

    private static long Parity(RenderRun run, Value value) =>
        value is IntValue number ? number.Number & 1 : throw run.Fail($"odd and even are not for {value.Kind}");
}
