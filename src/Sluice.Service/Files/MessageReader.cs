using System.Text.Json;
using Sluice.Engine.Templates;
using Sluice.Jobs;
using Sluice.Service.Intake;

namespace Sluice.Service.Files;

/// <summary>The messages of a conversation: <c>role</c> and <c>content</c>, a text or a list of text parts, which are joined by line breaks.</summary>
internal static class MessageReader
{
    private const int MostMessages = 4096;

    public static IReadOnlyList<ChatMessage>? Read(JsonElement value, string path, RequestErrors errors)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 or > MostMessages)
        {
            string got = value.ValueKind == JsonValueKind.Array ? $"{value.GetArrayLength()}" : value.ValueKind.ToString().ToLowerInvariant();
            errors.Add(path, $"{path} must be a list of 1 to {MostMessages} messages; got {got}.");
            return null;
        }
        List<ChatMessage> messages = new(value.GetArrayLength());
        foreach (JsonElement item in value.EnumerateArray())
        {
            string field = $"{path}[{messages.Count}]";
            Draft draft = new();
            FieldReader.Members(item, field, errors, draft, Member);
            messages.Add(Check(draft, field, errors));
        }
        return messages;
    }

    private static ChatMessage Check(Draft draft, string field, RequestErrors errors)
    {
        if (draft.Role is null && errors.All.Count == 0)
        {
            errors.Required($"{field}.role");
        }
        else if (draft.Role is { } role && !TemplateMessage.Roles.Contains(role))
        {
            errors.Add($"{field}.role", $"{field}.role must be one of {string.Join(", ", TemplateMessage.Roles)}; got {TextRules.Quote(role)}.");
        }
        if (draft.Content is null && errors.All.Count == 0)
        {
            errors.Required($"{field}.content");
        }
        return new ChatMessage { Role = draft.Role, Content = draft.Content };
    }

    private static bool Member(Draft draft, string name, string field, JsonElement value, RequestErrors errors)
    {
        switch (name)
        {
            case "role": draft.Role = FieldReader.Text(value, field, errors); return true;
            case "content" when value.ValueKind == JsonValueKind.Null: return true;
            case "content": draft.Content = value.ValueKind == JsonValueKind.Array ? Parts(value, field, errors) : FieldReader.Text(value, field, errors); return true;
            case "name" or "refusal" or "audio" or "tool_calls" or "tool_call_id" or "function_call" when value.ValueKind == JsonValueKind.Null: return true;
            default: errors.NotSupported(field.Length <= 128 ? field : field[..128], "a message has role and content; nothing else of it is used here."); return true;
        }
    }

    private static string? Parts(JsonElement value, string field, RequestErrors errors)
    {
        List<string> texts = new(value.GetArrayLength());
        foreach (JsonElement part in value.EnumerateArray())
        {
            string at = $"{field}[{texts.Count}]";
            if (!FieldReader.TryFind(part, "type", out JsonElement type) || !FieldReader.IsText(type, "text") || !FieldReader.TryFind(part, "text", out JsonElement text))
            {
                errors.NotSupported(at, "only parts {\"type\":\"text\",\"text\":…} are built.");
                return null;
            }
            if (FieldReader.Text(text, $"{at}.text", errors) is not { } read)
            {
                return null;
            }
            texts.Add(read);
        }
        return string.Join('\n', texts);
    }

    private sealed class Draft
    {
        public string? Role { get; set; }
        public string? Content { get; set; }
    }
}
