using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

/// <summary>Methods of texts, as Python's.</summary>
internal static class TextMethods
{
    public static Value? Find(TextValue text, string name) => name switch
    {
        "strip" => Method((run, arguments) => TextOperations.Trim(run, text, arguments.Text("chars"))),
        "lstrip" => Method((run, arguments) => TextOperations.Trim(run, text, arguments.Text("chars"), atEnd: false)),
        "rstrip" => Method((run, arguments) => TextOperations.Trim(run, text, arguments.Text("chars"), atStart: false)),
        "split" => Method((run, arguments) => Splitting.Split(run, text, arguments.Text("sep"), arguments.Integer("maxsplit") ?? -1)),
        "startswith" => Method((run, arguments) => Matches(run, arguments.Required("prefix"), text.Text.StartsWith)),
        "endswith" => Method((run, arguments) => Matches(run, arguments.Required("suffix"), text.Text.EndsWith)),
        "upper" => Method((run, _) => TextOperations.Upper(run, text)),
        "lower" => Method((run, _) => TextOperations.Lower(run, text)),
        "title" => Method((run, _) => TextOperations.Title(run, text, char.IsLetter)),
        "capitalize" => Method((run, _) => TextOperations.Capitalize(run, text)),
        "replace" => Method((run, arguments) => TextOperations.Replace(
            run, text, arguments.RequiredText("old"), arguments.RequiredText("new"), arguments.Integer("count") ?? -1)),
        "join" => Method((run, arguments) => TextOperations.Join(run, text, Elements.Items(run, arguments.Required("iterable")))),
        _ => null,
    };

    private static FunctionValue Method(Func<RenderRun, Arguments, Value> body) => new(body);

    private static BoolValue Matches(RenderRun run, Value wanted, Func<string, StringComparison, bool> matches)
    {
        IReadOnlyList<Value> parts = wanted is ListValue { IsTuple: true } tuple ? tuple.Items : [wanted];
        foreach (Value part in parts)
        {
            if (part is not TextValue text)
                throw run.Fail($"startswith and endswith take a string, not {part.Kind}");
            run.Charge(text.Text.Length + 1);
            if (matches(text.Text, StringComparison.Ordinal))
                return BoolValue.True;
        }

        return BoolValue.False;
    }
}
