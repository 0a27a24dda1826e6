using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sluice.Tuning.Tickets;

/// <summary>A ticket of the demo with what is known about it.</summary>
public sealed record DemoTicket
{
    /// <summary>Unique in its file.</summary>
    public required string Id { get; init; }

    public required string Text { get; init; }

    /// <summary>The right one of <see cref="TicketGenerator.Labels"/>.</summary>
    public required string Label { get; init; }

    /// <summary>The order number in the text, if any.</summary>
    public string? Order { get; init; }

    /// <summary>What the text is about, if it names it.</summary>
    public string? Item { get; init; }

    /// <summary>The class of its jobs: <c>interactive</c>, <c>standard</c> or <c>bulk</c>, by what the text says of haste.</summary>
    public required string Priority { get; init; }

    /// <summary><c>classify</c>, or <c>reply</c>: classified, and a reply drafted.</summary>
    public required string Kind { get; init; }

    /// <summary>Its jobs are to finish within this time from acceptance.</summary>
    public required int DeadlineSeconds { get; init; }

    /// <summary><c>fresh</c>, <c>repeat</c> (the same text), <c>reworded</c> (asks the same) or <c>lookalike</c> (reads alike, asks something else).</summary>
    public required string Group { get; init; }

    /// <summary>Repeat and reworded: the ticket whose answer serves this one too.</summary>
    public string? SameAs { get; init; }

    /// <summary>Lookalike: the ticket whose answer must not serve this one.</summary>
    public string? Unlike { get; init; }

    /// <summary>1: sent at once. 2: sent when the answers to the first are there.</summary>
    public required int Wave { get; init; }

    public string ToLine() => JsonSerializer.Serialize(this, DemoTicketJson.Lines.DemoTicket);

    /// <exception cref="JsonException">Not a ticket.</exception>
    public static DemoTicket FromLine(string line) => JsonSerializer.Deserialize(line, DemoTicketJson.Lines.DemoTicket) ?? throw new JsonException("A ticket is an object, not null.");
}

[JsonSerializable(typeof(DemoTicket))]
internal sealed partial class DemoTicketJson : JsonSerializerContext
{
    public static DemoTicketJson Lines { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
