using Sluice.Jobs;

namespace Sluice.Store.Memory;

/// <summary>The rows of the memory store and what happens when a job ends or becomes free. Every member is called under the store's lock.</summary>
internal sealed class MemoryTables(TimeProvider time)
{
    private const int PerTicket = 64, OwnTicket = 4;
    private readonly Dictionary<string, int> _queued = new(StringComparer.Ordinal);
    private long _outboxIds;

    public Dictionary<JobId, MemoryJob> Jobs { get; } = [];
    public Dictionary<JobId, MemoryJob> Live { get; } = [];

    /// <summary>The live job of each key that does not wait for another.</summary>
    public Dictionary<TwinKey, MemoryJob> Leaders { get; } = [];
    public MemoryCache Cache { get; } = new();
    public Dictionary<(string Tenant, string Key), (byte[] Hash, JobId Job, DateTimeOffset ExpiresAt)> Idempotency { get; } = [];
    public Dictionary<Guid, MemoryWorker> Workers { get; } = [];
    public LinkedList<OutboxRow> Outbox { get; } = [];
    public MemoryWebhooks Webhooks { get; } = new();
    public Dictionary<Guid, MemorySubmission> Submissions { get; } = [];
    public Dictionary<Guid, ScheduleRecord> Schedules { get; } = [];
    public Dictionary<Guid, MemoryFiring> Firings { get; } = [];
    public Dictionary<(string Model, string Revision, string Backend), CostModel> Costs { get; } = [];

    public DateTimeOffset Now => time.GetUtcNow();

    public MemoryJob? Find(string tenant, JobId id) => Jobs.TryGetValue(id, out MemoryJob? job) && job.Tenant == tenant ? job : null;

    public void Add(MemoryJob job)
    {
        Jobs.Add(job.Id, job);
        Live.Add(job.Id, job);
        CountQueued(job, 1);
    }

    /// <summary>Jobs of the tenant that are queued.</summary>
    public int Queued(string tenant) => _queued.GetValueOrDefault(tenant);

    /// <summary>The one way from state to state, for what is queued is counted.</summary>
    public void Move(MemoryJob job, JobState state)
    {
        CountQueued(job, -1);
        job.State = state;
        CountQueued(job, 1);
    }

    /// <summary>Free jobs that have begun before, and perhaps some that are not free any more.</summary>
    public HashSet<MemoryJob> Begun { get; } = [];

    /// <summary>Puts the job's ticket into the outbox.</summary>
    public void Ticket(MemoryJob job)
    {
        job.TicketedAt = job.Claims == 0 ? Now : job.TicketedAt;
        Outbox.AddLast(Row(job, OutboxKind.Ticket));
    }

    /// <summary>Puts tickets for many jobs into the outbox: those of one tenant, model and class share some, those of a prefix of which there are several have their own.</summary>
    public void Ticket(IReadOnlyList<MemoryJob> jobs)
    {
        HashSet<(string, string, JobClass, long)> several = [.. jobs.GroupBy(KeyOf).Where(group => group.Count() >= OwnTicket).Select(group => group.Key)];
        foreach (IGrouping<(string, string, JobClass, long?), MemoryJob> group in jobs.GroupBy(job => (job.Tenant, job.Model, job.RunClass, several.Contains(KeyOf(job)) ? job.PrefixKey : (long?)null)))
        {
            foreach (MemoryJob[] bundle in group.OrderBy(job => job.PrefixKey).ThenBy(job => job.Id.Value).Chunk(PerTicket))
            {
                Array.ForEach(bundle, job => job.TicketedAt = Now);
                OutboxRow row = Row(bundle[0], OutboxKind.Ticket);
                Outbox.AddLast(bundle.Length == 1 ? row : row with { Jobs = [.. bundle.Select(job => job.Id)], Deadline = bundle.Min(job => job.RunBy), TraceParent = null });
            }
        }

        static (string, string, JobClass, long) KeyOf(MemoryJob job) => (job.Tenant, job.Model, job.RunClass, job.PrefixKey);
    }

    /// <summary>Back to queued and held by nobody, with a ticket where it has not begun: for what has, workers look.</summary>
    public void Requeue(MemoryJob job)
    {
        Move(job, JobState.Queued);
        job.StartedAt = null;
        job.HeldBy = null;
        if (job.Claims == 0)
        {
            Ticket(job);
            return;
        }
        job.TicketedAt = DateTimeOffset.MaxValue;
        Begun.Add(job);
    }

    /// <summary>The one way into a terminal state: result, cache entry, JobFinished or its submission's count, webhooks and the followers.</summary>
    public void End(MemoryJob job, JobState state, JobResult? result, JobError? error, string? otherRevision = null)
    {
        bool led = job.Key is { } key && Leaders.TryGetValue(key, out MemoryJob? leader) && leader == job && Leaders.Remove(key);
        Move(job, state);
        job.FinishedAt = Now;
        job.HeldBy = null;
        job.WaitsFor = null;
        job.Result = result;
        job.Error = error;
        job.ModelRevision = otherRevision ?? job.ModelRevision;
        Live.Remove(job.Id);
        if (job.Submission is not { } submission)
            Outbox.AddLast(Row(job, OutboxKind.JobFinished));
        else if (Submissions.TryGetValue(submission, out MemorySubmission? whole))
            whole.Count(state);
        Webhooks.Ended(job, Now);
        if (!led)
            return;
        List<MemoryJob> followers = [.. Live.Values.Where(f => f.WaitsFor == job.Id).OrderBy(f => f.CreatedAt).ThenBy(f => f.Id.Value)];
        if (state == JobState.Succeeded)
            Answer(job, result!, followers, otherRevision);
        else
            Promote(followers);
    }

    /// <summary>
    /// A worker's incarnation is gone: what it held is free, at most <paramref name="max"/>; all that it ran is queued again, or has failed. With <paramref name="suspect"/>
    /// its death counts against what it ran.
    /// </summary>
    public MemoryBurial Bury(Guid worker, bool suspect, int max)
    {
        List<MemoryJob> ran = [.. Live.Values.Where(j => j.HeldBy == worker && j.State == JobState.Running)];
        bool alone = suspect && ran is [{ Suspicions: > 0 }];
        MemoryBurial burial = default;
        foreach (MemoryJob job in ran)
        {
            job.Suspicions += suspect ? 1 : 0;
            job.Failures += alone ? 1 : 0;
            job.LoneCrashes += alone ? 1 : 0;
            if (alone && JobLimits.IsPoison(job.Suspicions, job.LoneCrashes, job.Failures))
            {
                End(job, JobState.Failed, null, JobEnds.Poison());
                burial.Poisoned++;
            }
            else if (job.Claims >= JobLimits.MaxClaims)
            {
                End(job, JobState.Failed, null, JobEnds.Exhausted(job.Claims));
                burial.Exhausted++;
            }
            else
            {
                Requeue(job);
                burial.Requeued++;
            }
        }
        foreach (MemoryJob job in Live.Values.Where(j => j.HeldBy == worker).Take(Math.Max(0, max - ran.Count)).ToList())
        {
            Requeue(job);
            burial.Freed++;
        }
        return burial;
    }

    private void Answer(MemoryJob leader, JobResult result, List<MemoryJob> followers, string? otherRevision)
    {
        if (otherRevision is null)
            Cache.Put(new MemoryCacheEntry(leader, result, Now));
        foreach (MemoryJob follower in followers)
            End(follower, JobState.Succeeded, result with { Source = AnswerSource.Twin, Cache = null }, null, otherRevision);
    }

    private void Promote(List<MemoryJob> followers)
    {
        if (followers.Count == 0)
            return;
        MemoryJob heir = followers[0];
        heir.WaitsFor = null;
        Leaders[heir.Key!.Value] = heir;
        foreach (MemoryJob other in followers.Skip(1))
        {
            other.WaitsFor = heir.Id;
            heir.Hurry(other);
        }
        Ticket(heir);
    }

    private void CountQueued(MemoryJob job, int more)
    {
        if (job.State == JobState.Queued && (_queued[job.Tenant] = Queued(job.Tenant) + more) == 0)
            _queued.Remove(job.Tenant);
    }

    private OutboxRow Row(MemoryJob job, OutboxKind kind) => new()
    {
        Id = ++_outboxIds,
        Kind = kind,
        Job = job.Id,
        Tenant = job.Tenant,
        Model = job.Model,
        Class = job.RunClass,
        PrefixKey = job.PrefixKey,
        Deadline = job.RunBy,
        State = kind == OutboxKind.JobFinished ? job.State : null,
        ErrorCode = job.Error?.Code,
        CustomId = job.Input?.CustomId,
        IdempotencyKey = job.Input?.IdempotencyKey,
        CreatedAt = Now,
        TraceParent = job.TraceParent,
    };
}

/// <summary>How many jobs of a dead worker went which way.</summary>
internal record struct MemoryBurial(int Requeued, int Freed, int Exhausted, int Poisoned);

/// <summary>A worker incarnation and when it was last heard of.</summary>
internal sealed class MemoryWorker(WorkerRegistration registration, DateTimeOffset now)
{
    public WorkerRegistration Registration { get; } = registration;
    public DateTimeOffset SeenAt { get; set; } = now;

    /// <summary>What it says of its engines' backlogs.</summary>
    public string? Load { get; set; }
}
