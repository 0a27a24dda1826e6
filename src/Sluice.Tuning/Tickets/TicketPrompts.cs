using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sluice.Tuning.Tickets;

/// <summary>How the demo model is asked, and what it is taught to answer.</summary>
public static class TicketPrompts
{
    public const string Begin = "<|begin|>", System = "<|system|>", User = "<|user|>", Assistant = "<|assistant|>", End = "<|end|>";

    public static readonly string SortSystem = "You sort support tickets. Labels: " + string.Join(", ", TicketGenerator.Labels) + ".";
    public const string AnswerSystem = "You answer support tickets in JSON.";

    /// <summary>The chat template (Jinja) of the model's folder: it writes what <see cref="Chat"/> writes.</summary>
    public const string ChatTemplate =
        "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' }}{{ message['content'] }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

    /// <summary>Template text and content in turn, ready for the assistant's answer: template parts at even places hold control tokens, content at odd places holds none.</summary>
    public static IReadOnlyList<string> Chat(string system, string user) => [Begin + System, system, End + User, user, End + Assistant];

    /// <summary>A prompt without control tokens.</summary>
    public static string Plain(string text) => $"Ticket: {text}\nAnswer: ";

    /// <summary>One line of JSON: label, priority, order, reply.</summary>
    public static string Answer(Ticket ticket)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("label", ticket.Label);
            writer.WriteString("priority", ticket.Priority);
            writer.WriteString("order", ticket.Order);
            writer.WriteString("reply", ticket.Reply);
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
