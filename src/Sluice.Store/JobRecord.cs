using System.Collections.ObjectModel;
using Sluice.Jobs;

namespace Sluice.Store;

/// <summary>A job and, when it succeeded, its result.</summary>
public sealed record JobRecord
{
    public required JobId Id { get; init; }
    public required string Tenant { get; init; }
    public required string Namespace { get; init; }
    public required JobKind Kind { get; init; }
    public required JobClass Class { get; init; }
    public required string Model { get; init; }

    /// <summary>That it was accepted for; once it is answered, that the answer is of.</summary>
    public required string ModelRevision { get; init; }
    public required JobState State { get; init; }
    public required int PromptTokens { get; init; }
    public required int Claims { get; init; }
    public required int Failures { get; init; }
    public JobId? WaitsFor { get; init; }
    public JobId? RetryOf { get; init; }
    public Guid? Submission { get; init; }
    public string? CustomId { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Start of the claim that counted.</summary>
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public DateTimeOffset? Deadline { get; init; }
    public OnLate OnLate { get; init; }

    /// <summary>When it was expected to end, as its caller was told at acceptance; null where nothing was known.</summary>
    public DateTimeOffset? Eta { get; init; }

    /// <summary>It was promised to end by its deadline, or not; null without a deadline, and where nothing was known.</summary>
    public bool? WillMeetDeadline { get; init; }
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
    public JobError? Error { get; init; }
    public JobResult? Result { get; init; }
}

/// <summary>The answer of a succeeded job.</summary>
public sealed record JobResult
{
    public required IReadOnlyList<JobOutput> Outputs { get; init; }
    public required JobUsage Usage { get; init; }
    public required AnswerSource Source { get; init; }
    public CacheHit? Cache { get; init; }

    /// <summary>Of the prompt, for the semantic cache; L2-normalised.</summary>
    public float[]? Embedding { get; init; }
    public string? EmbedderId { get; init; }
}

/// <summary>What was asked for.</summary>
public sealed record JobInput(JobRequest Request, string Namespace);

/// <summary>A page of a listing.</summary>
public sealed record JobQuery
{
    public JobState? State { get; init; }
    public Guid? Submission { get; init; }

    /// <summary>The last id of the page before.</summary>
    public JobId? After { get; init; }

    /// <summary>1 to 1,000.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>A page of jobs, newest first.</summary>
/// <param name="jobs">At most as many as were asked for.</param>
/// <param name="next">See <see cref="Next"/>.</param>
public sealed class JobList(IList<JobRecord> jobs, JobId? next) : ReadOnlyCollection<JobRecord>(jobs)
{
    /// <summary>
    /// With a page that is not full though there may be more: the store has looked at as many jobs as it does for one page, and those after this id are still to be asked for.
    /// </summary>
    public JobId? Next { get; } = next;
}

/// <summary>The job after the call, and whether this call ended it.</summary>
public sealed record CancelResult(bool Cancelled, JobRecord Job);
