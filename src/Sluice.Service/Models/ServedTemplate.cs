using Sluice.Engine.Templates;
using Sluice.Engine.Tokens;
using Sluice.Jobs;

namespace Sluice.Service.Models;

/// <summary>A model's chat template with the tokenizer that reads what it writes.</summary>
internal sealed class ServedTemplate(ChatTemplate template, Tokenizer tokenizer, TimeProvider time)
{
    /// <summary>Equal for templates that render alike: part of what an answer is the answer of.</summary>
    public string Id => template.Id;

    /// <summary>The conversation's ids up to where the assistant begins. No content becomes a control token.</summary>
    /// <exception cref="TemplateException">The template refuses the messages, or fails on them.</exception>
    public int[] Encode(IReadOnlyList<ChatMessage> messages) =>
        template.Encode(tokenizer, [.. messages.Select(message => new TemplateMessage(message.Role!, message.Content))], new TemplateOptions { AddGenerationPrompt = true, Time = time });
}
