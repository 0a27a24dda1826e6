using System.Text.Json;

namespace Sluice.Engine.Templates;

/// <summary>What a template is given beside the messages.</summary>
public sealed record TemplateOptions
{
    /// <summary>Whether the prompt ends where the answer of the assistant begins.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>Template text: never of a user. Null: not defined, or the tokenizer's where there is one.</summary>
    public string? BosToken { get; init; }

    /// <summary>Template text: never of a user. Null: not defined, or the tokenizer's where there is one.</summary>
    public string? EosToken { get; init; }

    /// <summary>A list of tool descriptions; null for none.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Further variables, such as enable_thinking. Strings in them are content.</summary>
    public IReadOnlyDictionary<string, JsonElement> Arguments { get; init; } = new Dictionary<string, JsonElement>();

    public TemplateLimits Limits { get; init; } = TemplateLimits.Default;

    /// <summary>The clock of strftime_now.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
