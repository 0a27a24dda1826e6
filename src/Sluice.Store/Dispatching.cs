using Sluice.Jobs;

namespace Sluice.Store;

/// <summary>Bounds on how often a job is tried.</summary>
public static class JobLimits
{
    /// <summary>Claims after which a job ends as failed: exhausted.</summary>
    public const int MaxClaims = 20;

    /// <summary>Failures charged to a job before it ends as failed.</summary>
    public const int MaxFailures = 3;

    /// <summary>Deaths of a worker that ran this job, a suspect already, and no other, after which it ends as failed: poison. Each is a failure as well.</summary>
    public const int MaxLoneCrashes = 2;

    /// <summary>
    /// Deaths of workers that ran this job, alone or not, before <see cref="MaxLoneCrashes"/> are enough; until then it takes <see cref="MaxFailures"/>. What strikes workers at random strikes one job
    /// twice alone, now and then; to find a killer among sixteen takes this many deaths.
    /// </summary>
    public const int LeastDeaths = 5;

    /// <summary>It ends as poison, the death that is being charged counted in all three.</summary>
    public static bool IsPoison(int deaths, int loneCrashes, int failures) => failures >= MaxFailures || (loneCrashes >= MaxLoneCrashes && deaths >= LeastDeaths);
}

/// <summary>A row for the bus.</summary>
public sealed record OutboxRow
{
    public required long Id { get; init; }
    public required OutboxKind Kind { get; init; }
    public required JobId Job { get; init; }

    /// <summary>Ticket: all of its jobs, where it is for more than <see cref="Job"/>.</summary>
    public IReadOnlyList<JobId>? Jobs { get; init; }
    public required string Tenant { get; init; }

    /// <summary>Ticket: model and class choose the queue.</summary>
    public required string Model { get; init; }
    public required JobClass Class { get; init; }
    public required long PrefixKey { get; init; }
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>JobFinished: how it ended.</summary>
    public JobState? State { get; init; }
    public string? ErrorCode { get; init; }
    public string? CustomId { get; init; }
    public string? IdempotencyKey { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public string? TraceParent { get; init; }
}

/// <summary>What an outbox row says.</summary>
public enum OutboxKind
{
    Ticket = 0,
    JobFinished = 1,
}

/// <summary>A worker process as it starts. <paramref name="Id"/> is new at every start (the incarnation); <paramref name="Name"/> is the same again.</summary>
public sealed record WorkerRegistration(Guid Id, string Name, IReadOnlyList<string> Models)
{
    /// <summary>Into how many shards it knows tickets to be divided, each of which some such worker must consume; null where it consumes no shards.</summary>
    public int? Shards { get; init; }
}

/// <summary>A queued job that this worker holds: what a former needs to know.</summary>
public sealed record ReservedJob
{
    public required JobId Id { get; init; }
    public required string Tenant { get; init; }
    public required string Namespace { get; init; }
    public required string Model { get; init; }
    public required JobKind Kind { get; init; }

    /// <summary>The most urgent class of the job and its twins.</summary>
    public required JobClass Class { get; init; }

    /// <summary>The earliest deadline of the job and its twins.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>What becomes of the job when that is missed. A deadline that only a twin has makes it urgent and never ends it: then this is <see cref="OnLate.Run"/>.</summary>
    public required OnLate OnLate { get; init; }
    public required int PromptTokens { get; init; }
    public required int MaxNewTokens { get; init; }
    public required long PrefixKey { get; init; }

    /// <inheritdoc cref="NewJob.PrefixChain"/>
    public ReadOnlyMemory<long> PrefixChain { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The store's time as it gave the job away: its other times mean something only beside this one, for the holder's clock may be wrong.</summary>
    public required DateTimeOffset ReservedAt { get; init; }

    /// <summary>Times that a batch with this job in it crashed; above 0 it runs in the quarantine lane.</summary>
    public int Suspicions { get; init; }
    public string? TraceParent { get; init; }
}

/// <summary>A running job of this worker. Every later write names <see cref="Claims"/>.</summary>
public sealed record ClaimedJob
{
    public required JobId Id { get; init; }
    public required int Claims { get; init; }
    public required string Tenant { get; init; }
    public required string Namespace { get; init; }
    public required string Model { get; init; }

    /// <inheritdoc cref="JobRecord.ModelRevision"/>
    public required string ModelRevision { get; init; }
    public required JobRequest Request { get; init; }
    public DateTimeOffset? Deadline { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Of this claim.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <inheritdoc cref="JobRecord.Eta"/>
    public DateTimeOffset? Eta { get; init; }

    /// <inheritdoc cref="JobRecord.WillMeetDeadline"/>
    public bool? WillMeetDeadline { get; init; }
    public string? TraceParent { get; init; }
    public Fence Fence => new(Id, Claims);
}

/// <summary>The right to write about a running job.</summary>
public readonly record struct Fence(JobId Job, int Claims);

/// <summary>A job that is down to a worker: queued and held by it, or running.</summary>
public readonly record struct Holding(Fence Fence, bool Runs);

/// <summary>How a run ended.</summary>
public sealed record JobOutcome
{
    public required Fence Fence { get; init; }

    /// <summary>Succeeded, failed or expired.</summary>
    public required JobState State { get; init; }

    /// <summary>With succeeded.</summary>
    public JobResult? Result { get; init; }

    /// <summary>What the answer is the answer of, where that is another revision than the job was accepted for: then job and twins bear it, and no cache keeps the answer.</summary>
    public string? OtherRevision { get; init; }

    /// <summary>With failed and expired.</summary>
    public JobError? Error { get; init; }

    /// <summary>Which batch it ran in, for the event.</summary>
    public Guid? Batch { get; init; }

    /// <summary>Failed, but may be tried again: charges a failure and requeues until <see cref="JobLimits.MaxFailures"/>.</summary>
    public bool Retryable { get; init; }
}

/// <summary>Limits of a reconciler's round.</summary>
public sealed record ReconcileOptions
{
    /// <summary>A worker unheard of for this long is dead.</summary>
    public TimeSpan HeartbeatTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>False where whoever asks has not found the store there for as long: then silence may be the store's own, and nobody is declared dead for it.</summary>
    public bool DeclaresDead { get; init; } = true;

    /// <summary>
    /// A queued job that nobody holds gets a new ticket when its last is older than this, and older than the job was when that went out: the tickets of one job come
    /// ever more rarely, for most wait in the broker for their turn.
    /// </summary>
    public TimeSpan TicketTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tickets that were sent longer ago than this went with their broker: their jobs get new ones at once, those whose ticket is the oldest first.</summary>
    public TimeSpan? TicketsLost { get; init; }

    /// <summary>The rarest: every so many <see cref="TicketTimeout"/>s, which is also how long a job waits at the most for a ticket that was lost and not missed.</summary>
    public const int MaxBackoff = 4;

    /// <summary>Most jobs touched per kind in one round.</summary>
    public int Max { get; init; } = 5000;
}

/// <summary>What a round did. Of the expired, <paramref name="Unkept"/> had been promised to end in time.</summary>
public sealed record ReconcileReport(int DeadWorkers, int Requeued, int Freed, int Expired, int Reticketed, int Exhausted, int Poisoned = 0, int Unkept = 0)
{
    /// <summary>False, and all is zero, where another node holds the lock.</summary>
    public bool Ran { get; init; } = true;
}

/// <summary>How many jobs stand where, and per tenant how many tokens (of prompts, and those that may be generated) wait in queued jobs.</summary>
public sealed record StoreStatistics(
    long Queued, long Running, long Outbox, IReadOnlyDictionary<string, long> QueuedByTenant, IReadOnlyDictionary<string, long> QueuedTokensByTenant)
{
    /// <summary>Queued jobs that wait for an engine, not for a twin.</summary>
    public IReadOnlyList<WaitingWork> Waiting { get; init; } = [];
}

/// <summary>Queued jobs of one model and class that are due within one span of time.</summary>
/// <param name="Model">Whose.</param>
/// <param name="Class">The most urgent of the jobs and their twins.</param>
/// <param name="Span">Of their due times, by <see cref="DueTimes.Bounds"/>.</param>
/// <param name="Jobs">How many.</param>
/// <param name="PromptTokens">All of theirs.</param>
/// <param name="MaxNewTokens">Most that they may generate together.</param>
public sealed record WaitingWork(string Model, JobClass Class, int Span, long Jobs, long PromptTokens, long MaxNewTokens);

/// <summary>The store cannot be reached or does not answer in time; nothing is known of the call's effect.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
