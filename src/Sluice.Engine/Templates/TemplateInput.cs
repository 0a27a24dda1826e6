using System.Text.Json;
using Sluice.Engine.Templates.Library;
using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates;

/// <summary>The variables of a template. Here is the edge: what comes in is content, but for the words of roles and the marks of begin and end.</summary>
internal static class TemplateInput
{
    private static readonly string[] s_own = ["messages", "tools", "documents", "add_generation_prompt", "bos_token", "eos_token", "loop"];

    public static void Define(Scope scope, IReadOnlyList<TemplateMessage> messages, TemplateOptions options)
    {
        scope.Set("messages", new ListValue([.. messages.Select((message, index) => Message(message, $"messages[{index}]"))]));
        scope.Set("tools", options.Tools is JsonElement tools ? JsonReader.Read(tools, "tools") : NoneValue.None);
        scope.Set("documents", NoneValue.None);
        scope.Set("add_generation_prompt", BoolValue.Of(options.AddGenerationPrompt));
        if (options.BosToken is not null)
            scope.Set("bos_token", TextValue.Template(options.BosToken));
        if (options.EosToken is not null)
            scope.Set("eos_token", TextValue.Template(options.EosToken));
        foreach (KeyValuePair<string, JsonElement> argument in options.Arguments)
        {
            if (s_own.Contains(argument.Key) || Functions.Names.Contains(argument.Key))
                throw new TemplateException("template arguments", 0, "an argument has the name of a variable that every template has");
            scope.Set(argument.Key, JsonReader.Read(argument.Value, "template arguments"));
        }
    }

    private static MapValue Message(TemplateMessage message, string field)
    {
        if (!TemplateMessage.Roles.Contains(message.Role))
            throw new TemplateException($"{field}.role", 0, $"a role is one of {string.Join(", ", TemplateMessage.Roles)}");
        MapValue map = new();
        Set(map, "role", TextValue.Template(message.Role));
        if (message.Content is { } content) // where it has none, there is nothing by that name
            Set(map, "content", JsonReader.Text(content, $"{field}.content"));
        foreach (KeyValuePair<string, JsonElement> entry in message.Fields)
        {
            if (entry.Key != "role")
                map.Set(MapKey.Of(entry.Key), JsonReader.Text(entry.Key, field), JsonReader.Read(entry.Value, $"{field}.{entry.Key}"));
        }

        return map;
    }

    private static void Set(MapValue map, string name, Value value) => map.Set(MapKey.Of(name), TextValue.Template(name), value);
}
