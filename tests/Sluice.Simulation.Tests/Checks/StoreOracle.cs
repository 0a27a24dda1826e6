using System.Globalization;
using Sluice.Jobs;
using Sluice.Simulation.Tests.Clockwork;
using Sluice.Simulation.Tests.Faults;
using Sluice.Store;
using Sluice.Store.Memory;

namespace Sluice.Simulation.Tests.Checks;

/// <summary>
/// Watches every transaction from both sides: what the rows were before and what they are after. Looks at the tables themselves, so that a store which says
/// one thing and does another is found out.
/// </summary>
internal sealed class StoreOracle(SimWorld world, MemoryJobStore memory, FaultCounts counts)
{
    private readonly Dictionary<Fence, Guid> _granted = [];
    private readonly Dictionary<JobId, (JobState State, string? Text)> _ends = [];
    private readonly Dictionary<JobId, long> _finishedRows = [];
    private readonly Dictionary<JobId, int> _published = [];

    private readonly HashSet<Guid> _retired = [];

    /// <summary>Deaths of workers, by what the store saw, that ran this job, a suspect already, and no other.</summary>
    public Dictionary<JobId, int> LoneDeaths { get; } = [];

    /// <summary>Deaths of workers that ran this job.</summary>
    public Dictionary<JobId, int> Deaths { get; } = [];

    /// <summary>Ends of runs that failed and whose worker lived: each is charged as a lone death is.</summary>
    public Dictionary<JobId, int> FailedRuns { get; } = [];

    /// <summary>
    /// What the run did to the job is what the service calls poison: three deaths alone, or two alone of at least five, or deaths alone and failed runs that make three. In numbers, so that
    /// they can differ from the service's.
    /// </summary>
    public bool IsKiller(JobId job)
    {
        int lone = LoneDeaths.GetValueOrDefault(job);
        return lone >= 3 || (lone == 2 && Deaths.GetValueOrDefault(job) >= 5) || (lone >= 1 && lone + FailedRuns.GetValueOrDefault(job) >= 3);
    }

    /// <summary>What counts for and against the job, in words.</summary>
    public string Record(JobId job) =>
        $"{Deaths.GetValueOrDefault(job)} deaths, {LoneDeaths.GetValueOrDefault(job)} of them alone, and {FailedRuns.GetValueOrDefault(job)} failed runs";

    public IReadOnlyDictionary<JobId, int> FinishedPublished => _published;

    public Task<IReadOnlyList<SubmitResult>> Submit(IReadOnlyList<NewJob> jobs, Func<Task<IReadOnlyList<SubmitResult>>> transaction)
    {
        Task<IReadOnlyList<SubmitResult>> done = transaction();
        if (!done.IsCompletedSuccessfully)
        {
            return done;
        }
        foreach (SubmitResult result in done.Result)
        {
            counts.Add($"submit {result.Outcome}");
            if (result.Job is { } job)
            {
                world.Mix(job.Id.Value.GetHashCode());
                Require(Row(job.Id)?.Tenant == job.Tenant, $"{job.Id} is said to be stored for {job.Tenant} and is not");
            }
            if (result is { Outcome: SubmitOutcome.Queued, Job: { } queued })
            {
                Require(Tables(tables => tables.Outbox.Any(row => row.Job == queued.Id && row.Kind == OutboxKind.Ticket)), $"{queued.Id} was queued without a ticket");
            }
            if (result is { Outcome: SubmitOutcome.Twin, Job: { WaitsFor: { } leader } follower })
            {
                Require(Row(leader) is { Live: true, WaitsFor: null } led && led.Tenant == follower.Tenant && led.Namespace == follower.Namespace, $"{follower.Id} follows {leader}, which leads nobody");
            }
        }
        return done;
    }

    /// <summary>A reservation or a theft: only what a living worker may hold.</summary>
    public Task<IReadOnlyList<ReservedJob>> Take(Guid worker, Func<Task<IReadOnlyList<ReservedJob>>> transaction)
    {
        Task<IReadOnlyList<ReservedJob>> done = transaction();
        if (done.IsCompletedSuccessfully)
        {
            foreach (ReservedJob job in done.Result)
            {
                Require(Tables(tables => tables.Workers.ContainsKey(worker)), $"{job.Id} is given to a worker that is dead");
                Require(Row(job.Id) is { State: JobState.Queued } row && row.HeldBy == worker, $"{job.Id} is given to a worker that does not hold it");
            }
            counts.Add("jobs reserved", done.Result.Count);
        }
        return done;
    }

    public Task<IReadOnlyList<ClaimedJob>> Claim(Guid worker, Func<Task<IReadOnlyList<ClaimedJob>>> transaction)
    {
        Task<IReadOnlyList<ClaimedJob>> done = transaction();
        if (!done.IsCompletedSuccessfully)
        {
            return done;
        }
        foreach (ClaimedJob job in done.Result)
        {
            world.Mix(job.Id.Value.GetHashCode());
            Require(Row(job.Id) is { State: JobState.Running } row && row.HeldBy == worker && row.Claims == job.Claims, $"{job.Id} is claimed and not so stored");
            if (!_granted.TryAdd(job.Fence, worker))
            {
                Require(_granted[job.Fence] == worker, $"the fence {job.Claims} of {job.Id} is given to two workers");
            }
            else
            {
                Require(Row(job.Id) is { } fresh && !fresh.IsLate(world.Now), $"{job.Id} starts after its deadline");
            }
        }
        counts.Add("jobs claimed", done.Result.Count);
        return done;
    }

    public Task<IReadOnlyList<bool>> Finish(Guid worker, IReadOnlyList<JobOutcome> outcomes, Func<Task<IReadOnlyList<bool>>> transaction)
    {
        (JobState State, int Claims, Guid? HeldBy)[] before = [.. outcomes.Select(o => Row(o.Fence.Job) is { } r ? (r.State, r.Claims, r.HeldBy) : default)];
        Task<IReadOnlyList<bool>> done = transaction();
        if (!done.IsCompletedSuccessfully)
        {
            return done;
        }
        for (int i = 0; i < outcomes.Count; i++)
        {
            Fence fence = outcomes[i].Fence;
            // a run that was begun twice under one claim ends once
            bool again = outcomes.Take(i).Any(earlier => earlier.Fence == fence);
            bool own = before[i] == (JobState.Running, fence.Claims, worker) && !again;
            world.Mix(fence.Job.Value.GetHashCode() + (done.Result[i] ? 1 : 0));
            if (done.Result[i])
            {
                Require(own, $"a stale end of {fence.Job}, claim {fence.Claims}, was written over {before[i]}");
                counts.Add("ends written");
                if (outcomes[i].State == JobState.Failed)
                {
                    FailedRuns[fence.Job] = FailedRuns.GetValueOrDefault(fence.Job) + 1;
                }
            }
            else
            {
                Require(!own, $"the end of {fence.Job}, claim {fence.Claims}, is its own worker's and was discarded");
                counts.Add("run twice under one claim", again ? 1 : 0);
                Require(again || Row(fence.Job) is not { } row || row.State == before[i].State, $"a discarded end of {fence.Job} changed it");
                counts.Add("stale ends discarded");
            }
        }
        return done;
    }

    /// <summary>
    /// A transaction that may declare workers dead. Only deaths raise suspicion, only a death alone is charged, and of those that it is charged to the ones that have become
    /// killers end, and no others.
    /// </summary>
    public Task<T> Bury<T>(string name, Func<Task<T>> transaction)
    {
        DateTimeOffset silent = world.Now - TimeSpan.FromSeconds(29);
        var before = Tables(tables => tables.Live.Values.Where(j => j.State == JobState.Running)
            .Select(j => (Job: j, Worker: j.HeldBy!.Value, j.Suspicions, j.Failures, Silent: !tables.Workers.TryGetValue(j.HeldBy.Value, out MemoryWorker? w) || w.SeenAt <= silent)).ToList());
        Task<T> done = transaction();
        foreach (var group in before.Where(b => b.Job.State != JobState.Running || b.Job.HeldBy != b.Worker).GroupBy(b => b.Worker))
        {
            bool alone = group.Count() == 1;
            foreach ((MemoryJob job, _, int suspicions, int failures, bool wasSilent) in group)
            {
                if (job.Suspicions == suspicions)
                {
                    Require(job.Failures == failures, $"{job.Id} is charged a failure by {name} though nobody died");
                    continue;
                }
                Require(!_retired.Contains(group.Key), $"{job.Id} is suspected of the death of a worker that ended in good order");
                Require(name == "register" || (name == "reconcile" && wasSilent), $"{job.Id} is suspected by {name} though its worker lived");
                bool charged = alone && suspicions > 0;
                Require(job.Failures == failures + (charged ? 1 : 0), $"{job.Id} is charged for a death that it shared, or before it was suspect, or more or less than once for one alone");
                counts.Add("runs ended by a death");
                Deaths[job.Id] = Deaths.GetValueOrDefault(job.Id) + 1;
                if (charged)
                {
                    LoneDeaths[job.Id] = LoneDeaths.GetValueOrDefault(job.Id) + 1;
                }
                bool convicted = job.State == JobState.Failed && job.Error?.Code == "poison";
                Require(convicted == (charged && IsKiller(job.Id)), $"{job.Id} was {(convicted ? "convicted" : "let go")} after {Record(job.Id)}");
            }
        }
        return done;
    }

    /// <summary>This worker says that it has ended in good order: nothing may come of it any more.</summary>
    public void Retires(Guid worker) => _retired.Add(worker);

    /// <summary>The broker has confirmed these.</summary>
    public void Published(IReadOnlyList<OutboxRow> rows)
    {
        foreach (OutboxRow row in rows)
        {
            counts.Add($"published {row.Kind}");
            if (row.Kind == OutboxKind.JobFinished)
            {
                SawFinished(row);
                _published[row.Job] = _published.GetValueOrDefault(row.Job) + 1;
            }
        }
    }

    /// <summary>Looks over all rows: an end is for ever, and is told once.</summary>
    public void Look() => Tables(tables =>
    {
        foreach (MemoryJob job in tables.Jobs.Values.Where(j => !j.Live))
        {
            (JobState State, string? Text) end = (job.State, job.Result?.Outputs[0].Text);
            if (!_ends.TryAdd(job.Id, end))
            {
                (JobState State, string? Text) was = _ends[job.Id];
                Require(was.State == end.State && (was.Text == end.Text || job.Input is null), $"{job.Id} ended as {was} and is {end} now");
            }
        }
        foreach (JobId id in _ends.Keys)
        {
            Require(tables.Jobs[id] is { Live: false }, $"{id} has left its end");
        }
        foreach (OutboxRow row in tables.Outbox.Where(row => row.Kind == OutboxKind.JobFinished))
        {
            SawFinished(row);
        }
        return true;
    });

    public MemoryJob? Row(JobId id) => Tables(tables => tables.Jobs.GetValueOrDefault(id));

    public T Tables<T>(Func<MemoryTables, T> look) => memory.LockedAsync(look).GetAwaiter().GetResult();

    private void SawFinished(OutboxRow row)
    {
        if (!_finishedRows.TryAdd(row.Job, row.Id))
        {
            Require(_finishedRows[row.Job] == row.Id, $"the end of {row.Job} is told by two rows");
        }
        Require(Row(row.Job)?.State == row.State, $"{row.Job} is told to be {row.State} and is not");
    }

    private void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            world.Fail(string.Create(CultureInfo.InvariantCulture, $"{otherwise} (at {world.Elapsed.TotalSeconds:F4} s)"));
        }
    }
}
