using Sluice.Engine.Speculation;

namespace Sluice.Engine;

/// <summary>Who guesses tokens for the model to look at several at once.</summary>
public enum SpeculationKind
{
    Off,

    /// <summary>What the text itself says: it goes on as it did where its last tokens stood before.</summary>
    PromptLookup,

    /// <summary>A small model with the same tokenizer.</summary>
    DraftModel,
}

/// <summary>
/// Speculative decoding. Greedy and seeded answers are the same with it and without; without a seed the distribution is. How much is guessed follows from what
/// guesses were worth and what they cost here; where they are worth nothing, there are none.
/// </summary>
public sealed record SpeculationOptions
{
    public SpeculationKind Kind { get; init; }

    /// <summary>DraftModel: its Hugging Face folder. Weights are kept as those of the model are; its KV pages come out of the same budget.</summary>
    public string? DraftFolder { get; init; }

    /// <summary>Most guesses for a sequence in one step, 1 to 15.</summary>
    public int MaxTokens { get; init; } = 8;

    /// <summary>False guesses in every step as much as there is room for.</summary>
    internal bool Adaptive { get; init; } = true;

    /// <summary>Puts something around the drafter; null for nothing.</summary>
    internal Func<IDrafter, IDrafter>? Around { get; init; }

    /// <exception cref="ArgumentException">An option out of range, by name.</exception>
    internal void Check()
    {
        if (MaxTokens is < 1 or > 15)
            throw new ArgumentException($"Speculation.{nameof(MaxTokens)}: expected 1 to 15, found {MaxTokens}.");
        if (Kind == SpeculationKind.DraftModel && string.IsNullOrWhiteSpace(DraftFolder))
            throw new ArgumentException($"Speculation.{nameof(DraftFolder)}: expected the folder of a draft model, found none.");
        if (Kind != SpeculationKind.DraftModel && DraftFolder is not null)
            throw new ArgumentException($"Speculation.{nameof(DraftFolder)}: expected none where {nameof(Kind)} is {Kind}, found '{DraftFolder}'.");
    }
}
