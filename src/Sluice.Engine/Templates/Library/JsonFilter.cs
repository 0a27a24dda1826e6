using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

/// <summary>The filter tojson, with the arguments and defaults that transformers gives it.</summary>
internal static class JsonFilter
{
    public static Value ToJson(RenderRun run, Value value, Arguments arguments)
    {
        // in the order of transformers' parameters: ensure_ascii first, when given by place
        Value? ascii = arguments.Next("ensure_ascii");
        string? indent = arguments.Next("indent") switch
        {
            null or NoneValue => null,
            TextValue { HasContent: false } text => text.Text,
            IntValue { Number: >= 0 and <= 64 } width => new string(' ', (int)width.Number),
            Value other => throw run.Fail($"tojson takes an indent of 0 to 64, not {other.Kind}"),
        };
        (string items, string keys) = Separators(run, arguments.Next("separators"), indent is not null);
        bool sortsKeys = arguments.Flag("sort_keys");
        return new JsonPrinter(run, indent, items, keys, ascii?.IsTrue ?? false, sortsKeys).Print(value);
    }

    private static (string Items, string Keys) Separators(RenderRun run, Value? given, bool indents) => given switch
    {
        null or NoneValue => (indents ? "," : ", ", ": "),
        ListValue { Items: [TextValue { HasContent: false } items, TextValue { HasContent: false } keys] } => (items.Text, keys.Text),
        _ => throw run.Fail("tojson takes two strings of the template as separators"),
    };
}
