using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sluice.Tuning.Tickets;

/// <summary>The phrases that tickets are made of, from <c>phrases.json</c>.</summary>
internal sealed record PhraseBook(
    IReadOnlyList<string> Items, PhrasePair Openers, PhrasePair Closers, PhrasePair Urgent, PhrasePair Relaxed, PhrasePair Fillers,
    IReadOnlyList<string> Words, IReadOnlyList<Intent> Intents)
{
    public static PhraseBook Shipped { get; } = Load();

    public IReadOnlyList<string> Labels => [.. Intents.Select(intent => intent.Label)];

    private static PhraseBook Load()
    {
        using Stream stream = typeof(PhraseBook).Assembly.GetManifestResourceStream("phrases.json")!;
        return JsonSerializer.Deserialize(stream, PhraseJson.Default.PhraseBook)!;
    }
}

/// <summary>Phrases of one purpose, apart by split.</summary>
internal sealed record PhrasePair(IReadOnlyList<string> Train, IReadOnlyList<string> Heldout)
{
    public IReadOnlyList<string> Of(TicketSplit split) => split == TicketSplit.Train ? Train : Heldout;
}

/// <summary>What customers write about, and the replies with and without an order number.</summary>
internal sealed record Intent(string Label, IReadOnlyList<string> Replies, IReadOnlyList<string> Train, IReadOnlyList<string> Heldout)
{
    public IReadOnlyList<string> Of(TicketSplit split) => split == TicketSplit.Train ? Train : Heldout;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PhraseBook))]
internal sealed partial class PhraseJson : JsonSerializerContext;
