namespace Sluice.Jobs;

/// <summary>A job as callers see it. Times are RFC 3339, UTC, milliseconds.</summary>
public sealed record JobView
{
    public required JobId Id { get; init; }
    public string Object { get; init; } = "job";
    public required JobState State { get; init; }
    public required string Model { get; init; }
    public string? ModelRevision { get; init; }
    public required JobKind Kind { get; init; }
    public required JobClass Priority { get; init; }
    public required string Namespace { get; init; }
    public string? CustomId { get; init; }
    public string? Submission { get; init; }
    public JobId? RetryOf { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public DateTimeOffset? Deadline { get; init; }
    public OnLate? OnLate { get; init; }

    /// <summary>When the answer was expected at acceptance, from what waited then; null until the service knows what jobs of the model cost.</summary>
    public DateTimeOffset? Eta { get; init; }

    /// <summary>With a deadline: true is a promise, made with a margin; false says that it may be late. Null as <see cref="Eta"/> is.</summary>
    public bool? WillMeetDeadline { get; init; }

    /// <summary>Milliseconds from acceptance to the start of the run that counted.</summary>
    public long? DelayMs { get; init; }

    /// <summary>Milliseconds from that start to the end.</summary>
    public long? ExecutionMs { get; init; }

    public AnswerSource? Source { get; init; }
    public CacheHit? Cache { get; init; }
    public IReadOnlyList<JobOutput>? Outputs { get; init; }
    public JobUsage? Usage { get; init; }
    public JobError? Error { get; init; }
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>One answer: a text, a scored choice or a vector.</summary>
public sealed record JobOutput
{
    public int Index { get; init; }

    /// <summary>Generate: the continuation. Score: the choice.</summary>
    public string? Text { get; init; }

    /// <summary>Generate: <c>stop</c> or <c>length</c>.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Score: natural-log likelihood of the choice, summed over its tokens.</summary>
    public double? Logprob { get; init; }

    /// <summary>Score: <see cref="Logprob"/> after normalisation; the highest wins.</summary>
    public double? Score { get; init; }

    /// <summary>Score: softmax of <see cref="Score"/> over the choices.</summary>
    public double? Probability { get; init; }

    /// <summary>Tokens of the continuation or of the choice.</summary>
    public int? Tokens { get; init; }

    /// <summary>Embed: L2-normalised, as many numbers as the model's hidden size.</summary>
    public IReadOnlyList<float>? Embedding { get; init; }

    /// <summary>Per generated token, when asked for.</summary>
    public IReadOnlyList<TokenLogprob>? Logprobs { get; init; }
}

/// <summary>A generated token with its natural-log probability and the most likely alternatives.</summary>
public sealed record TokenLogprob(string Token, double Logprob, IReadOnlyList<TokenAlternative> Top);

/// <summary>A token that could have stood in its place.</summary>
public sealed record TokenAlternative(string Token, double Logprob);

/// <summary>Tokens that the job took.</summary>
public sealed record JobUsage
{
    public int PromptTokens { get; init; }

    /// <summary>Prompt tokens whose KV pages were already there.</summary>
    public int CachedTokens { get; init; }
    public int GeneratedTokens { get; init; }
    public int DraftedTokens { get; init; }
    public int AcceptedTokens { get; init; }
}

/// <summary>The cache entry that answered.</summary>
public sealed record CacheHit
{
    public required string Tier { get; init; }
    public required string Entry { get; init; }
    public double Similarity { get; init; } = 1;
}

/// <summary>Why a job did not succeed. <see cref="Code"/> is stable; <see cref="Message"/> is for people.</summary>
public sealed record JobError(string Code, string Message);

/// <summary>
/// One page of a listing; <see cref="Next"/> is the cursor for <c>after</c>, null on the last page. Where the jobs of a state are rare among many others, a page may be
/// short or empty and not the last.
/// </summary>
public sealed record JobPage(IReadOnlyList<JobView> Data, string? Next);
