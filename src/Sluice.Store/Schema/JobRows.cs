using Sluice.Jobs;

namespace Sluice.Store.Schema;

/// <summary>The hot table: narrow, updated about three times in a job's life (held, claimed, ended).</summary>
internal sealed class JobRow
{
    public Guid Id { get; set; }
    public required string Tenant { get; set; }
    public required string Namespace { get; set; }
    public JobKind Kind { get; set; }
    public JobClass Class { get; set; }

    /// <summary>Most urgent class of the job and its twins.</summary>
    public JobClass RunClass { get; set; }
    public JobState State { get; set; }

    /// <summary>Queued or running; computed. Partial indexes are over this, so that a claim touches no index.</summary>
    public bool Live { get; set; }
    public OnLate OnLate { get; set; }
    public CacheMode CacheMode { get; set; }
    public required string Model { get; set; }
    public required string ModelRevision { get; set; }
    public string? Adapter { get; set; }
    public int PromptTokens { get; set; }
    public int MaxNewTokens { get; set; }
    public long PrefixKey { get; set; }

    /// <summary>The fence.</summary>
    public int Claims { get; set; }
    public int Failures { get; set; }
    public int Suspicions { get; set; }

    /// <summary>Number of the job's last event.</summary>
    public int Seq { get; set; }
    public Guid? HeldBy { get; set; }
    public Guid? Batch { get; set; }
    public Guid? WaitsFor { get; set; }
    public Guid? RetryOf { get; set; }
    public Guid? Submission { get; set; }
    public string? CustomId { get; set; }
    public string? IdempotencyKey { get; set; }
    public byte[]? ExactKey { get; set; }
    public byte[]? Fingerprint { get; set; }
    public string? EmbedderId { get; set; }
    public bool HasWebhook { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? Deadline { get; set; }

    /// <summary>Earliest deadline of the job and its twins.</summary>
    public DateTimeOffset? RunBy { get; set; }
    public DateTimeOffset? TicketedAt { get; set; }

    /// <summary>When it was expected to end, as its caller was told.</summary>
    public DateTimeOffset? Eta { get; set; }

    /// <summary>It was promised to end by its deadline.</summary>
    public bool? WillMeet { get; set; }
    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }
    public DateTimeOffset ExpiresAt { get; set; }
    public string? ErrorCode { get; set; }
    public string? ErrorMessage { get; set; }
    public string? TraceParent { get; set; }
}

/// <summary>What was asked for. Goes with erasure.</summary>
internal sealed class JobInputRow
{
    public Guid Job { get; set; }
    public required string Tenant { get; set; }

    /// <summary><see cref="JobRequest"/> as JSON; text, because jsonb has no NUL.</summary>
    public required string Request { get; set; }

    /// <summary>The request's metadata as JSON.</summary>
    public string? Metadata { get; set; }
    public TimeSpan CacheTtl { get; set; }
    public string? WebhookUrl { get; set; }

    /// <summary>Comma-separated; null: every end.</summary>
    public string? WebhookEvents { get; set; }
    public float[]? Embedding { get; set; }
    public byte[]? Guard { get; set; }

    /// <summary>How the line of a submission shows its answer.</summary>
    public short? Shape { get; set; }

    /// <summary>Chained hashes of the prompt's leading pages, 8 bytes each, little-endian; null where a version before this column stored it.</summary>
    public byte[]? PrefixChain { get; set; }
    public DateTimeOffset ExpiresAt { get; set; }
}

/// <summary>Append-only: one row per transition of a job.</summary>
internal sealed class JobEventRow
{
    public Guid JobId { get; set; }
    public int Seq { get; set; }
    public required string Tenant { get; set; }
    public DateTimeOffset At { get; set; }
    public JobState State { get; set; }
    public string? Reason { get; set; }
    public Guid? Worker { get; set; }
    public Guid? Batch { get; set; }
    public int Claims { get; set; }
}

/// <summary>The answer of a succeeded job; never updated.</summary>
internal sealed class ResultRow
{
    public Guid Job { get; set; }
    public required string Tenant { get; set; }
    public AnswerSource Source { get; set; }

    /// <summary>List of <see cref="JobOutput"/> as JSON.</summary>
    public required string Outputs { get; set; }
    public int PromptTokens { get; set; }
    public int CachedTokens { get; set; }
    public int GeneratedTokens { get; set; }
    public int DraftedTokens { get; set; }
    public int AcceptedTokens { get; set; }
    public string? CacheTier { get; set; }
    public Guid? CacheEntry { get; set; }
    public double? Similarity { get; set; }
    public float[]? Embedding { get; set; }
    public int? Dim { get; set; }
    public string? EmbedderId { get; set; }
    public required string ModelRevision { get; set; }
    public int Claims { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset ExpiresAt { get; set; }
}
