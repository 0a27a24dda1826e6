using Sluice.Jobs;
using Sluice.Store;
using Sluice.Store.Memory;

namespace Sluice.Simulation.Tests.Mutations;

/// <summary>Every end is written, whoever runs the job now.</summary>
internal sealed class DropsTheFence(MemoryJobStore inner) : PassingStore(inner)
{
    public override Task<IReadOnlyList<bool>> FinishAsync(Guid worker, IReadOnlyList<JobOutcome> outcomes, CancellationToken cancellationToken) =>
        base.FinishAsync(worker, [.. outcomes.Select(o => Tables(t => o with { Fence = new Fence(o.Fence.Job, t.Jobs[o.Fence.Job].Claims) }))], cancellationToken);
}

/// <summary>A claim does not move the fence.</summary>
internal sealed class KeepsTheFence(MemoryJobStore inner) : PassingStore(inner)
{
    public override async Task<IReadOnlyList<ClaimedJob>> ClaimAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken)
    {
        IReadOnlyList<ClaimedJob> claimed = await base.ClaimAsync(worker, jobs, cancellationToken);
        return Tables<IReadOnlyList<ClaimedJob>>(t => [.. claimed.Select(job => job with { Claims = t.Jobs[job.Id].Claims = 1 })]);
    }
}

/// <summary>A worker that was declared dead may go on holding jobs.</summary>
internal sealed class LetsTheDeadHold(MemoryJobStore inner) : PassingStore(inner)
{
    public override Task<IReadOnlyList<ReservedJob>> ReserveAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken) =>
        Task.FromResult(Tables<IReadOnlyList<ReservedJob>>(t => [.. jobs.Select(id => t.Live.GetValueOrDefault(id)).OfType<MemoryJob>().Distinct().Where(j => j.Free || (j.State == JobState.Queued && j.HeldBy == worker)).Select(j =>
        {
            j.HeldBy = worker;
            return j.Reserved(t.Now);
        })]));
}

/// <summary>A late end is written over an earlier one.</summary>
internal sealed class OverwritesEnds(MemoryJobStore inner) : PassingStore(inner)
{
    public override Task<IReadOnlyList<bool>> FinishAsync(Guid worker, IReadOnlyList<JobOutcome> outcomes, CancellationToken cancellationToken)
    {
        Tables(t =>
        {
            foreach (JobOutcome late in outcomes.Where(o => !t.Jobs[o.Fence.Job].Live))
            {
                t.Jobs[late.Fence.Job].State = late.State;
                t.Jobs[late.Fence.Job].Result = late.Result;
            }
            return true;
        });
        return base.FinishAsync(worker, outcomes, cancellationToken);
    }
}

/// <summary>An end is told twice.</summary>
internal sealed class FinishesTwice(MemoryJobStore inner) : PassingStore(inner)
{
    private long _ids = 1_000_000;

    public override async Task<IReadOnlyList<bool>> FinishAsync(Guid worker, IReadOnlyList<JobOutcome> outcomes, CancellationToken cancellationToken)
    {
        IReadOnlyList<bool> written = await base.FinishAsync(worker, outcomes, cancellationToken);
        Tables(t => t.Outbox.Last is { Value: { Kind: OutboxKind.JobFinished } row } ? t.Outbox.AddLast(row with { Id = ++_ids }) : null);
        return written;
    }
}

/// <summary>Every death is charged to all that the worker ran.</summary>
internal sealed class ChargesEveryDeath(MemoryJobStore inner) : PassingStore(inner)
{
    public override async Task RegisterWorkerAsync(WorkerRegistration worker, CancellationToken cancellationToken)
    {
        List<MemoryJob> ran = Tables(t => t.Live.Values.Where(j => j.State == JobState.Running).ToList());
        await base.RegisterWorkerAsync(worker, cancellationToken);
        ran.Where(job => job.State == JobState.Queued).ToList().ForEach(job => job.Failures++);
    }
}

/// <summary>Two deaths alone convict, however few there were in all.</summary>
internal sealed class ConvictsAfterTwoLoneDeaths(MemoryJobStore inner) : PassingStore(inner)
{
    public override async Task RegisterWorkerAsync(WorkerRegistration worker, CancellationToken cancellationToken)
    {
        await base.RegisterWorkerAsync(worker, cancellationToken);
        Convict();
    }

    public override async Task<ReconcileReport> ReconcileAsync(ReconcileOptions options, CancellationToken cancellationToken)
    {
        ReconcileReport report = await base.ReconcileAsync(options, cancellationToken);
        Convict();
        return report;
    }

    private void Convict() => Tables(t =>
    {
        foreach (MemoryJob job in t.Live.Values.Where(j => j.LoneCrashes >= 2).ToList())
        {
            t.End(job, JobState.Failed, null, JobEnds.Poison());
        }
        return true;
    });
}

/// <summary>What a returning worker's death makes a killer goes on.</summary>
internal sealed class ConvictsNobody(MemoryJobStore inner) : PassingStore(inner)
{
    private const int Forgiven = -1000;

    public override Task RegisterWorkerAsync(WorkerRegistration worker, CancellationToken cancellationToken)
    {
        List<(MemoryJob Job, int Failures, int LoneCrashes)> before = Tables(t => t.Live.Values.Select(j => (j, j.Failures, j.LoneCrashes)).ToList());
        before.ForEach(was => was.Job.Failures = was.Job.LoneCrashes = Forgiven);
        Task done = base.RegisterWorkerAsync(worker, cancellationToken);
        foreach ((MemoryJob job, int failures, int crashes) in before)
        {
            job.Failures += failures - Forgiven;
            job.LoneCrashes += crashes - Forgiven;
        }
        return done;
    }
}
