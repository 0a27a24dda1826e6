using Sluice.Jobs;
using Sluice.Store;
using Sluice.Store.Memory;

namespace Sluice.Simulation.Tests.Mutations;

/// <summary>Says that a job is stored while its commit is still open; one in twenty never comes.</summary>
internal sealed class AnswersBeforeTheCommit(MemoryJobStore inner) : PassingStore(inner)
{
    private int _submits;

    public override async Task<IReadOnlyList<SubmitResult>> SubmitAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        IReadOnlyList<SubmitResult> results = await base.SubmitAsync(jobs, cancellationToken);
        if (++_submits % 20 == 0)
        {
            Tables(t =>
            {
                foreach (JobId id in results.Where(r => r.Outcome == SubmitOutcome.Queued).Select(r => r.Job!.Id))
                {
                    t.Jobs.Remove(id);
                    t.Live.Remove(id);
                }
                return true;
            });
        }
        return results;
    }
}

/// <summary>A job is queued and no ticket goes out.</summary>
internal sealed class SkipsTheOutbox(MemoryJobStore inner) : PassingStore(inner)
{
    public override async Task<IReadOnlyList<SubmitResult>> SubmitAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        IReadOnlyList<SubmitResult> results = await base.SubmitAsync(jobs, cancellationToken);
        Tables(t =>
        {
            while (t.Outbox.Last is { Value.Kind: OutboxKind.Ticket } ticket)
            {
                t.Outbox.Remove(ticket);
            }
            return true;
        });
        return results;
    }
}

/// <summary>Rows leave the outbox before the broker has them.</summary>
internal sealed class DeletesBeforeTheConfirm(MemoryJobStore inner) : PassingStore(inner)
{
    public override Task<int> RelayOutboxAsync(int max, Func<IReadOnlyList<OutboxRow>, CancellationToken, Task> publish, CancellationToken cancellationToken) =>
        base.RelayOutboxAsync(max, async (rows, token) =>
        {
            try
            {
                await publish(rows, token);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // gone
            }
        }, cancellationToken);
}

/// <summary>A repeated key makes another job.</summary>
internal sealed class ForgetsKeys(MemoryJobStore inner) : PassingStore(inner)
{
    public override Task<IReadOnlyList<SubmitResult>> SubmitAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        Tables(t =>
        {
            foreach (NewJob job in jobs.Where(j => j.IdempotencyKey is not null))
            {
                t.Idempotency.Remove((job.Tenant, job.IdempotencyKey!));
            }
            return true;
        });
        return base.SubmitAsync(jobs, cancellationToken);
    }
}

/// <summary>A leader's end leaves one follower behind.</summary>
internal sealed class ForgetsATwin(MemoryJobStore inner) : PassingStore(inner)
{
    public override Task<IReadOnlyList<bool>> FinishAsync(Guid worker, IReadOnlyList<JobOutcome> outcomes, CancellationToken cancellationToken)
    {
        Tables(t =>
        {
            if (t.Live.Values.FirstOrDefault(j => j.WaitsFor is not null) is { } twin)
            {
                twin.WaitsFor = new JobId(Guid.Empty);
            }
            return true;
        });
        return base.FinishAsync(worker, outcomes, cancellationToken);
    }
}

/// <summary>Says that a job is cancelled, and lets it run.</summary>
internal sealed class IgnoresCancel(MemoryJobStore inner) : PassingStore(inner)
{
    public override async Task<CancelResult?> CancelAsync(string tenant, JobId id, CancellationToken cancellationToken) =>
        await GetAsync(tenant, id, cancellationToken) is { } job ? new CancelResult(!job.State.IsTerminal(), job) : null;
}

/// <summary>Any tenant reaches any job.</summary>
internal sealed class MixesTenants(MemoryJobStore inner) : PassingStore(inner)
{
    public override Task<CancelResult?> CancelAsync(string tenant, JobId id, CancellationToken cancellationToken) =>
        base.CancelAsync(Tables(t => t.Jobs.GetValueOrDefault(id)?.Tenant) ?? tenant, id, cancellationToken);
}

/// <summary>An orderly end hands nothing back.</summary>
internal sealed class ReleasesNothing(MemoryJobStore inner) : PassingStore(inner)
{
    public override Task UnreserveAsync(Guid worker, IReadOnlyList<JobId> jobs, bool reticket, CancellationToken cancellationToken) => Task.CompletedTask;

    public override Task<int> ReleaseAsync(Guid worker, IReadOnlyList<Fence> fences, CancellationToken cancellationToken) => Task.FromResult(0);

    public override Task RetireWorkerAsync(Guid worker, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Lost tickets stay lost: none is sent again, and nobody takes their jobs without one.</summary>
internal sealed class NeverTicketsAgain(MemoryJobStore inner) : PassingStore(inner)
{
    public override Task<ReconcileReport> ReconcileAsync(ReconcileOptions options, CancellationToken cancellationToken) =>
        base.ReconcileAsync(options with { TicketTimeout = TimeSpan.FromDays(1) }, cancellationToken);

    public override Task<IReadOnlyList<ReservedJob>> StealAsync(Guid worker, IReadOnlyList<string> models, int max, TimeSpan? forsaken, CancellationToken cancellationToken) =>
        base.StealAsync(worker, models, max, null, cancellationToken);
}

/// <summary>Lost tickets are sent again after ten minutes, and nobody takes their jobs before.</summary>
internal sealed class TicketsAgainLate(MemoryJobStore inner) : PassingStore(inner)
{
    public override Task<ReconcileReport> ReconcileAsync(ReconcileOptions options, CancellationToken cancellationToken) =>
        base.ReconcileAsync(options with { TicketTimeout = 20 * options.TicketTimeout, TicketsLost = null }, cancellationToken);

    public override Task<IReadOnlyList<ReservedJob>> StealAsync(Guid worker, IReadOnlyList<string> models, int max, TimeSpan? forsaken, CancellationToken cancellationToken) =>
        base.StealAsync(worker, models, max, null, cancellationToken);
}

/// <summary>What had begun and is free again is not found by anybody.</summary>
internal sealed class ForgetsWhatHadBegun(MemoryJobStore inner) : PassingStore(inner)
{
    public override Task<IReadOnlyList<ReservedJob>> ResumeAsync(Guid worker, IReadOnlyList<string> models, int max, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ReservedJob>>([]);
}

/// <summary>Deadlines end ten seconds early.</summary>
internal sealed class ExpiresEarly(MemoryJobStore inner) : PassingStore(inner)
{
    public override Task<ReconcileReport> ReconcileAsync(ReconcileOptions options, CancellationToken cancellationToken)
    {
        Tables(t =>
        {
            foreach (MemoryJob job in t.Live.Values.Where(j => j.IsLate(t.Now + TimeSpan.FromSeconds(10))).ToList())
            {
                t.End(job, JobState.Expired, null, new JobError("deadline_passed", "Early."));
            }
            return true;
        });
        return base.ReconcileAsync(options, cancellationToken);
    }
}

/// <summary>A leader that has no deadline ends at its follower's.</summary>
internal sealed class EndsLeadersAtATwinsDeadline(MemoryJobStore inner) : PassingStore(inner)
{
    public override async Task<IReadOnlyList<ReservedJob>> ReserveAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken)
    {
        IReadOnlyList<ReservedJob> got = await base.ReserveAsync(worker, jobs, cancellationToken);
        return [.. got.Select(job => job with { OnLate = Tables(t => t.Jobs[job.Id].OnLate) })];
    }
}

/// <summary>A holder is not told what time it is to the store, and takes its own clock for it.</summary>
internal sealed class HidesItsClock(MemoryJobStore inner) : PassingStore(inner)
{
    public override async Task<IReadOnlyList<ReservedJob>> ReserveAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken)
    {
        IReadOnlyList<ReservedJob> got = await base.ReserveAsync(worker, jobs, cancellationToken);
        return [.. got.Select(job => job with { ReservedAt = job.ReservedAt + TimeSpan.FromMinutes(10) })];
    }
}
