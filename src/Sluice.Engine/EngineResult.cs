namespace Sluice.Engine;

/// <summary>Why generation ended.</summary>
public enum FinishReason
{
    /// <summary>An end-of-sequence id or a stop text.</summary>
    Stop,

    /// <summary>The token limit or the context length.</summary>
    Length,
}

/// <summary>What a sequence came to.</summary>
public sealed record EngineResult
{
    /// <summary>Generate: ids in order, the end-of-sequence id left out.</summary>
    public int[] Tokens { get; init; } = [];

    /// <summary>Generate: their text, cut before a stop text.</summary>
    public string Text { get; init; } = "";

    public FinishReason FinishReason { get; init; }

    /// <summary>Generate, where asked for: one per token.</summary>
    public IReadOnlyList<SampledToken> Logprobs { get; init; } = [];

    /// <summary>Score: per choice, the sum of its tokens' natural-log probabilities.</summary>
    public double[] ChoiceLogprobs { get; init; } = [];

    /// <summary>Embed: (hidden size), L2 norm 1.</summary>
    public float[] Embedding { get; init; } = [];

    /// <summary>Prompt tokens that were found in shared pages.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Tokens that were guessed ahead and looked at by the model.</summary>
    public int DraftedTokens { get; init; }

    /// <summary>Those of them that stood: they are tokens of the answer, but for an end-of-sequence id that was guessed.</summary>
    public int AcceptedTokens { get; init; }

    /// <summary>Steps that this sequence took part in.</summary>
    public int Steps { get; init; }

    /// <summary>From hand-over to the first step.</summary>
    public TimeSpan Waited { get; init; }

    /// <summary>From the first step to the end.</summary>
    public TimeSpan Ran { get; init; }
}

/// <summary>A token and what else could have stood there.</summary>
public readonly record struct SampledToken(int Id, float Logprob, IReadOnlyList<(int Id, float Logprob)> Top);
