using System.Text.Json;

namespace Sluice.Tuning.Tickets;

/// <summary>All phrases of one split, in a file of their own.</summary>
internal sealed record SplitPhrases(
    IReadOnlyList<string> Openers, IReadOnlyList<string> Closers, IReadOnlyList<string> Urgent, IReadOnlyList<string> Relaxed, IReadOnlyList<string> Fillers,
    IReadOnlyList<SplitIntent> Intents, IReadOnlyDictionary<string, IReadOnlyList<string>>? Macros = null)
{
    /// <summary>Of the intent with this label.</summary>
    /// <exception cref="JsonException">It is not there.</exception>
    public IReadOnlyList<string> Of(string label) =>
        Intents.FirstOrDefault(intent => intent.Label == label)?.Phrases is { Count: > 0 } phrases ? phrases : throw new JsonException($"intents: expected phrases of '{label}', found none.");
}

internal sealed record SplitIntent(string Label, IReadOnlyList<string> Phrases);
