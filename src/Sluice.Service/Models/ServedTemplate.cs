using System.Globalization;
using Sluice.Engine.Templates;
using Sluice.Engine.Tokens;
using Sluice.Jobs;

namespace Sluice.Service.Models;

/// <summary>A model's chat template with the tokenizer that reads what it writes.</summary>
internal sealed class ServedTemplate(ChatTemplate template, Tokenizer tokenizer, TimeProvider time)
{
    /// <summary>Equal for templates that render alike: part of what an answer is the answer of.</summary>
    public string Id => template.Id;

    /// <summary>What <see cref="Id"/> does not tell of a template that asks for the time: the messages as it renders them now, without the text of the one asked. Null where it does not ask.</summary>
    /// <param name="messages">That it accepts.</param>
    /// <param name="asked">Whose text is left out; none where negative.</param>
    public string? Now(IReadOnlyList<ChatMessage> messages, int asked)
    {
        if (!template.TellsTime)
        {
            return null;
        }
        try
        {
            return string.Concat(template.Render([.. messages.Select((message, i) => new TemplateMessage(message.Role!, i == asked ? "" : message.Content))], Options).Select(segment => segment.Text));
        }
        catch (TemplateException)
        {
            return time.GetLocalNow().ToString("g", CultureInfo.InvariantCulture); // to the minute, where it refuses a message without text
        }
    }

    /// <summary>The conversation's ids up to where the assistant begins. No content becomes a control token.</summary>
    /// <exception cref="TemplateException">The template refuses the messages, or fails on them.</exception>
    public int[] Encode(IReadOnlyList<ChatMessage> messages) =>
        template.Encode(tokenizer, [.. messages.Select(message => new TemplateMessage(message.Role!, message.Content))], Options);

    private TemplateOptions Options => new() { AddGenerationPrompt = true, Time = time };
}
