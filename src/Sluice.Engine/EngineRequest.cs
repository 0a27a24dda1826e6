namespace Sluice.Engine;

/// <summary>What a sequence is run for.</summary>
public enum SequenceKind
{
    /// <summary>Continue the prompt.</summary>
    Generate,

    /// <summary>Log-likelihood of each choice after the prompt, the prompt computed once.</summary>
    Score,

    /// <summary>Mean over the prompt of the last hidden state (after the final norm), L2-normalised.</summary>
    Embed,
}

/// <summary>Opaque owner of cached prefixes: KV pages are shared only between sequences of one scope. Derived by the caller, never taken from user input.</summary>
public readonly record struct CacheScope(ulong High, ulong Low);

/// <summary>One sequence to run.</summary>
public sealed record EngineRequest
{
    public required CacheScope Scope { get; init; }

    public required SequenceKind Kind { get; init; }

    /// <summary>
    /// Name, 1 to 128 characters, of a conversation of the scope whose KV pages stay for its next turn: full pages of prompt and generated tokens, found again
    /// like any prefix and given up after all that no conversation wants, those of the least recently used conversation first. Null for none.
    /// </summary>
    public string? Conversation { get; init; }

    /// <summary>A hint: sequences with the same number begin alike, and start one after another where that holds up no other for long. Null for none.</summary>
    public long? Group { get; init; }

    /// <summary>A hint, 0 to 3: lower ones start, and keep their pages, before up to 256 higher ones that were handed over earlier, per step of the difference; 0 takes the room of higher ones that run, were those not handed over so much earlier.</summary>
    public int Class { get; init; }

    /// <summary>Token ids, at least one, beginning-of-sequence included where the model wants it.</summary>
    public required int[] Prompt { get; init; }

    /// <summary>Score: token ids of each choice, at least one each.</summary>
    public IReadOnlyList<int[]> Choices { get; init; } = [];

    public SamplingOptions Sampling { get; init; } = SamplingOptions.Greedy;

    /// <summary>Generate: 1 or more; generation also ends at the context length.</summary>
    public int MaxTokens { get; init; } = 128;

    /// <summary>Generate: ends before the first of these texts; needs the tokenizer that the engine was loaded with.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Generate: run past end-of-sequence ids (benches).</summary>
    public bool IgnoreEnd { get; init; }

    /// <summary>Generate: alternatives per token in the result, 0 to 20; null for no log-probabilities.</summary>
    public int? Logprobs { get; init; }
}

/// <summary>How tokens are drawn. With a seed, position p is drawn with RNG(seed, p) whatever runs beside it.</summary>
public sealed record SamplingOptions
{
    public static readonly SamplingOptions Greedy = new();

    /// <summary>0 is greedy.</summary>
    public float Temperature { get; init; }

    /// <summary>0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>1 keeps all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>0 keeps all; else tokens below this share of the likeliest are dropped.</summary>
    public float MinP { get; init; }

    public float FrequencyPenalty { get; init; }
    public float PresencePenalty { get; init; }
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>What is added to the logits of some ids, before all else; each id once.</summary>
    public IReadOnlyList<LogitBias> LogitBias { get; init; } = [];

    /// <summary>Null draws a fresh one.</summary>
    public long? Seed { get; init; }
}

/// <summary>What is added to the logit of one id, finite.</summary>
public readonly record struct LogitBias(int Id, float Bias);
