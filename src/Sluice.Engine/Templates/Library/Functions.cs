using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

/// <summary>Functions that every template may call.</summary>
internal static class Functions
{
    private const int LongestFormat = 256;

    private static readonly Dictionary<string, Func<RenderRun, Arguments, Value>> s_functions = new()
    {
        ["range"] = Range,
        ["namespace"] = Namespace,
        ["dict"] = Dict,
        ["raise_exception"] = Raise,
        [NowName] = Now,
    };

    public static IEnumerable<string> Names => s_functions.Keys;

    public static void Define(Scope scope)
    {
        foreach (KeyValuePair<string, Func<RenderRun, Arguments, Value>> function in s_functions)
            scope.Set(function.Key, new FunctionValue(function.Value));
    }

    private static ListValue Range(RenderRun run, Arguments arguments)
    {
        long first = arguments.Integer("start") ?? throw run.Fail("range needs an integer");
        long? second = arguments.Integer("stop");
        long step = arguments.Integer("step") ?? 1;
        (long from, long to) = second is long stop ? (first, stop) : (0, first);
        if (step == 0)
            throw run.Fail("range has the step 0");
        // Paid for before any of them is made.
        long count = Count(from, to, step);
        run.ChargeItems(count);
        List<Value> numbers = new((int)count);
        for (Int128 number = from; step > 0 ? number < to : number > to; number += step)
            numbers.Add(new IntValue((long)number));
        return new ListValue(numbers);
    }

    /// <summary>How many numbers there are; where they are more than can be paid for, that many at least.</summary>
    private static long Count(Int128 from, Int128 to, Int128 step)
    {
        Int128 way = step > 0 ? to - from : from - to, stride = Int128.Abs(step);
        return way <= 0 ? 0 : (long)Int128.Min((way + stride - 1) / stride, int.MaxValue);
    }

    private static NamespaceValue Namespace(RenderRun run, Arguments arguments)
    {
        NamespaceValue members = new();
        foreach (KeyValuePair<string, Value> argument in arguments.Named)
            members.Members[argument.Key] = argument.Value;
        arguments.TakeNamed();
        return members;
    }

    private static MapValue Dict(RenderRun run, Arguments arguments)
    {
        MapValue map = new();
        foreach (KeyValuePair<string, Value> argument in arguments.Named)
            map.Set(MapKey.Of(argument.Key), TextValue.Template(argument.Key), argument.Value);
        arguments.TakeNamed();
        return map;
    }

    /// <summary>The template refuses the messages. Of its reason, what is content is left out.</summary>
    private static Value Raise(RenderRun run, Arguments arguments)
    {
        TextBuilder reason = run.NewText();
        Printer.Print(run, reason, arguments.Required("message"));
        throw run.Fail("the template refuses: " + string.Concat(reason.ToSegments().Select(segment => segment.IsContent ? "…" : segment.Text)));
    }

    /// <summary>The function that tells the time.</summary>
    public const string NowName = "strftime_now";

    private static TextValue Now(RenderRun run, Arguments arguments)
    {
        TextValue format = arguments.RequiredText("format");
        if (format.Text.Length > LongestFormat)
            throw run.Fail($"strftime_now takes a format of at most {LongestFormat} characters, not {format.Text.Length}");
        return TextValue.Of(TimeFormat.Format(run, format.Text, run.Time.GetLocalNow()), format.HasContent);
    }
}
