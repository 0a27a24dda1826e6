using Sluice.Engine.Templates;
using Sluice.Jobs;

namespace Sluice.Service.Intake;

/// <summary>Rules for <c>messages</c> that need no model.</summary>
internal static class MessageRules
{
    public const int MaxMessages = 256;

    /// <summary>Characters in all contents.</summary>
    public static long Check(IReadOnlyList<ChatMessage> messages, RequestErrors errors)
    {
        if (messages.Count is 0 or > MaxMessages)
        {
            errors.Add("messages", $"messages must have 1 to {MaxMessages} messages; got {messages.Count}.", messages.Count == 0 ? "required" : "too_long");
            return 0;
        }
        long characters = 0;
        for (int i = 0; i < messages.Count; i++)
        {
            // The bus hands over what its JSON says, null included.
            if (messages[i] is not ChatMessage message)
            {
                errors.Required($"messages[{i}]", "must be an object; got null");
                continue;
            }
            characters += message.Content?.Length ?? 0;
            Check(message, $"messages[{i}]", errors);
        }
        return characters;
    }

    private static void Check(ChatMessage message, string path, RequestErrors errors)
    {
        if (message.Role is null)
        {
            errors.Required($"{path}.role");
        }
        else if (!TemplateMessage.Roles.Contains(message.Role))
        {
            string roles = string.Join(", ", TemplateMessage.Roles.Select(role => $"'{role}'"));
            errors.Add($"{path}.role", $"{path}.role must be one of {roles}; got {TextRules.Quote(message.Role)}.");
        }
        if (string.IsNullOrEmpty(message.Content))
        {
            errors.Required($"{path}.content", message.Content is null ? "is required" : "must not be empty");
        }
        errors.Text($"{path}.content", message.Content);
    }
}
