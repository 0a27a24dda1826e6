using System.Text.Json;

namespace Sluice.Engine.Templates;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">One of <see cref="Roles"/>; anything else is refused when rendering.</param>
/// <param name="Content">The text; null where there is none, as with a message of tool calls.</param>
public sealed record TemplateMessage(string Role, string? Content)
{
    /// <summary>The closed set of roles. These words, and nothing else of a message, count as template text.</summary>
    public static IReadOnlyList<string> Roles { get; } = ["system", "user", "assistant", "tool"];

    /// <summary>Everything of the message but its role: tool_calls, name, content in parts. An entry content replaces <see cref="Content"/>.</summary>
    public IReadOnlyDictionary<string, JsonElement> Fields { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Reads a message as OpenAI's API has it; fields that are not known are kept for the template.</summary>
    /// <param name="message">The object. Its document must outlive the message.</param>
    /// <param name="field">The name of the field for errors, such as <c>messages[2]</c>.</param>
    /// <exception cref="TemplateException">Not an object, or role or content of a wrong kind.</exception>
    public static TemplateMessage FromJson(JsonElement message, string field)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw new TemplateException(field, 0, $"a message is an object, not {message.ValueKind}");
        Dictionary<string, JsonElement> fields = [];
        foreach (JsonProperty property in message.EnumerateObject())
            fields[JsonText.NameOf(property, field)] = property.Value;
        if (!fields.Remove("role", out JsonElement role) || role.ValueKind != JsonValueKind.String)
            throw new TemplateException($"{field}.role", 0, "a message has a role, a string");
        JsonValueKind content = fields.TryGetValue("content", out JsonElement value) ? value.ValueKind : JsonValueKind.Null;
        if (content is not (JsonValueKind.String or JsonValueKind.Null or JsonValueKind.Array))
            throw new TemplateException($"{field}.content", 0, $"content is a string, null or a list of parts, not {content}");
        return new TemplateMessage(JsonText.Of(role, $"{field}.role"), content == JsonValueKind.String ? JsonText.Of(value, $"{field}.content") : null) { Fields = fields };
    }
}
