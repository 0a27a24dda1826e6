using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

internal delegate Value Filter(RenderRun run, Value value, Arguments arguments);

/// <summary>What may stand after <c>|</c>.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, Filter> s_filters = new()
    {
        ["trim"] = OfText((run, text, arguments) => TextOperations.Trim(run, text, arguments.Text("chars"))),
        ["upper"] = OfText((run, text, _) => TextOperations.Upper(run, text)),
        ["lower"] = OfText((run, text, _) => TextOperations.Lower(run, text)),
        ["capitalize"] = OfText((run, text, _) => TextOperations.Capitalize(run, text)),
        ["title"] = OfText((run, text, _) => TextOperations.Title(run, text, c => !TextOperations.IsSpace(c) && !"-({[<".Contains(c, StringComparison.Ordinal))),
        ["replace"] = OfText((run, text, arguments) => TextOperations.Replace(
            run, text, arguments.RequiredText("old"), arguments.RequiredText("new"), arguments.Integer("count") ?? -1)),
        ["indent"] = OfText(Indent),
        ["string"] = OfText((_, text, _) => text),
        ["safe"] = OfText((_, text, _) => text),
        ["tojson"] = JsonFilter.ToJson,
        ["default"] = Default,
        ["d"] = Default,
        ["int"] = Conversions.ToInt,
        ["float"] = Conversions.ToFloat,
        ["abs"] = (run, value, _) => Arithmetic.Apply(run, "*", value, new IntValue(Comparing.Order(run, value, new IntValue(0)) < 0 ? -1 : 1)),
        ["length"] = (run, value, _) => Length(run, value),
        ["count"] = (run, value, _) => Length(run, value),
        ["list"] = (run, value, _) => new ListValue(Elements.Items(run, value)),
        ["first"] = (run, value, _) => value is TextValue ? Members.Item(run, value, new IntValue(0))
            : Elements.Items(run, value) is [Value first, ..] ? first : new UndefinedValue("the first of nothing"),
        ["last"] = (run, value, _) => value is TextValue ? Members.Item(run, value, new IntValue(-1))
            : Elements.Items(run, value) is [.., Value last] ? last : new UndefinedValue("the last of nothing"),
        ["reverse"] = Reverse,
        ["items"] = Items,
        ["join"] = Join,
        ["map"] = Selecting.Map,
        ["select"] = (run, value, arguments) => Selecting.Select(run, value, arguments, "select", byAttribute: false, keeps: true),
        ["reject"] = (run, value, arguments) => Selecting.Select(run, value, arguments, "reject", byAttribute: false, keeps: false),
        ["selectattr"] = (run, value, arguments) => Selecting.Select(run, value, arguments, "selectattr", byAttribute: true, keeps: true),
        ["rejectattr"] = (run, value, arguments) => Selecting.Select(run, value, arguments, "rejectattr", byAttribute: true, keeps: false),
        ["sort"] = Ordering.Sort,
        ["unique"] = Ordering.Unique,
        ["dictsort"] = Ordering.DictSort,
    };

    public static Filter? Find(string name) => s_filters.GetValueOrDefault(name);

    /// <summary>A filter of the printed form of its input.</summary>
    private static Filter OfText(Func<RenderRun, TextValue, Arguments, Value> filter) =>
        (run, value, arguments) => filter(run, Printer.ToText(run, value), arguments);

    private static TextValue Indent(RenderRun run, TextValue text, Arguments arguments)
    {
        TextValue indent = arguments.Next("width") switch
        {
            null => TextValue.Template("    "),
            TextValue given => given,
            Value width => (TextValue)Arithmetic.Apply(run, "*", TextValue.Template(" "), width),
        };
        return TextOperations.Indent(run, text, indent, arguments.Flag("first"), arguments.Flag("blank"));
    }

    private static Value Default(RenderRun run, Value value, Arguments arguments)
    {
        Value other = arguments.Next("default_value") ?? TextValue.Empty;
        bool alsoFalse = arguments.Flag("boolean");
        return value is UndefinedValue || (alsoFalse && !value.IsTrue) ? other : value;
    }

    private static IntValue Length(RenderRun run, Value value) => new(value switch
    {
        TextValue text => text.CodePoints,
        ListValue list => list.Items.Count,
        MapValue map => map.Entries.Count,
        UndefinedValue => 0,
        _ => throw run.Fail($"{value.Kind} has no length"),
    });

    private static Value Reverse(RenderRun run, Value value, Arguments arguments)
    {
        if (value is TextValue text)
            return Slicing.Slice(run, text, null, null, -1);
        IReadOnlyList<Value> items = Elements.Items(run, value);
        run.ChargeItems(items.Count);
        return new ListValue([.. items.Reverse()]);
    }

    private static ListValue Items(RenderRun run, Value value, Arguments arguments) => value switch
    {
        MapValue map => Elements.Entries(run, map),
        UndefinedValue => new ListValue([]),
        _ => throw run.Fail($"items is not for {value.Kind}"),
    };

    private static TextValue Join(RenderRun run, Value value, Arguments arguments)
    {
        TextValue separator = arguments.Text("d") ?? TextValue.Empty;
        IReadOnlyList<Value> items = Elements.Items(run, value);
        if (arguments.Next("attribute") is Value attribute)
            items = [.. items.Select(item => Selecting.Attribute(run, item, attribute))];
        return TextOperations.Join(run, separator, items);
    }
}
