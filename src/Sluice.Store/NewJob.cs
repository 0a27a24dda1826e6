using Sluice.Jobs;

namespace Sluice.Store;

/// <summary>A validated job, ready to be stored.</summary>
public sealed record NewJob
{
    public required JobId Id { get; init; }
    public required string Tenant { get; init; }

    /// <summary>Cache namespace within the tenant.</summary>
    public required string Namespace { get; init; }
    public required JobKind Kind { get; init; }
    public required JobClass Class { get; init; }
    public required string Model { get; init; }
    public required string ModelRevision { get; init; }
    public string? Adapter { get; init; }

    /// <summary>The request as accepted (<see cref="JobRequest"/> as JSON): what runs, and what a retry repeats.</summary>
    public required JobRequest Request { get; init; }

    /// <summary>Tokens of the prompt, beginning-of-sequence included.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Most tokens that may be generated (generate), tokens of all choices (score), 0 (embed).</summary>
    public required int MaxNewTokens { get; init; }

    /// <summary>Hash of scope, model and the prompt's first page-aligned tokens; jobs of one key share a prefix.</summary>
    public required long PrefixKey { get; init; }

    /// <summary>Chained hashes of the prompt's leading full pages of 16 tokens, at most 64: what a former sees of shared prefixes. Empty where nothing is known.</summary>
    public ReadOnlyMemory<long> PrefixChain { get; init; }

    /// <summary>SHA-256 over scope, model, revision, parameters and canonical prompt; null where the job is not deterministic or its cache mode is off: then it neither reads the cache, nor waits for a twin, nor is stored for others.</summary>
    public byte[]? ExactKey { get; init; }

    /// <summary>SHA-256 over all of that but the user's text: semantic entries are only compared within it.</summary>
    public byte[]? Fingerprint { get; init; }
    public CacheMode CacheMode { get; init; }

    /// <summary>How long the answer may serve others.</summary>
    public TimeSpan CacheTtl { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The prompt's embedding for the semantic cache and the result row, L2-normalised; null where no embedder is configured.</summary>
    public float[]? Embedding { get; init; }
    public string? EmbedderId { get; init; }

    /// <summary>What a text must have in common with another's to share its answer, beyond similarity: compared for equality, opaque to the store. Null: the job neither reads nor writes the semantic cache.</summary>
    public byte[]? Guard { get; init; }

    /// <summary>The least similarity at which a semantic entry may answer this job.</summary>
    public double MinSimilarity { get; init; } = 1;

    /// <summary>An entry of the semantic cache that answers this job: stored as succeeded at once.</summary>
    public SemanticMatch? Match { get; init; }

    /// <summary>Finish by; at most one of this and <see cref="Ttl"/>.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Finish within this of the store's acceptance.</summary>
    public TimeSpan? Ttl { get; init; }
    public OnLate OnLate { get; init; }

    /// <summary>What its caller is told of its end, were it to run; null where nothing is known. An answer from the cache is there at once, a twin's comes with its leader's.</summary>
    public JobQuote? Quote { get; init; }

    /// <summary>It is not to be stored unless the cache answers it, or an equal job that is live is quoted to end by its deadline: <see cref="SubmitOutcome.TooLate"/>.</summary>
    public bool TooLate { get; init; }

    /// <summary>Unique per tenant; up to 255 characters.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>SHA-256 of the canonical request body: the same key with another body is refused. Required with a key.</summary>
    public byte[]? RequestHash { get; init; }
    public JobId? RetryOf { get; init; }
    public Guid? Submission { get; init; }
    public string? CustomId { get; init; }

    /// <summary>How the line of a submission shows its answer; opaque to the store.</summary>
    public short? Shape { get; init; }

    /// <summary>W3C trace context of the request that brought the job.</summary>
    public string? TraceParent { get; init; }

    /// <summary>How long input and result are kept after the job was accepted.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Queued jobs that this tenant may have; past it the job is refused. Null: no bound.</summary>
    public int? TenantBound { get; init; }
}

/// <summary>An entry of the semantic cache and how similar it is, 0 to 1. As <see cref="NewJob.Match"/>: the entry that answers, found before the transaction and checked again in it (it may have expired or been rejected).</summary>
public sealed record SemanticMatch(Guid Entry, double Similarity);

/// <summary>What became of a submitted job.</summary>
public enum SubmitOutcome
{
    Queued,

    /// <summary>Succeeded at once from the cache.</summary>
    CacheHit,

    /// <summary>Waits for an equal job.</summary>
    Twin,

    /// <summary>The key was used before with the same body: <see cref="SubmitResult.Job"/> is that job.</summary>
    Replayed,

    /// <summary>The key was used before with another body; nothing stored.</summary>
    KeyReused,

    /// <summary>The tenant's bound of queued jobs is reached; nothing stored.</summary>
    TenantFull,

    /// <summary>It would end after its deadline and was not to be stored then; nothing stored.</summary>
    TooLate,
}

/// <summary>When a job was expected to end.</summary>
/// <param name="In">From its acceptance.</param>
/// <param name="WillMeetDeadline">It is promised to end by its deadline; null without one.</param>
public sealed record JobQuote(TimeSpan In, bool? WillMeetDeadline);

/// <summary>Outcome and, unless nothing was stored, the job as it stands.</summary>
public sealed record SubmitResult(SubmitOutcome Outcome, JobRecord? Job);
