using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Simulation.Tests.Nodes;
using Sluice.Store;
using Sluice.Store.Memory;

namespace Sluice.Simulation.Tests.Checks;

/// <summary>What must hold when the world has healed and nothing moves any more.</summary>
internal sealed class FinalChecks(SimCluster cluster, SimClient client, IReadOnlyList<PlannedJob> plan)
{
    private StoreOracle Oracle => cluster.Store.Oracle;

    /// <summary>Nothing is left to do anywhere.</summary>
    public bool IsQuiet() => client.Busy == 0 && WhatMoves() is null;

    /// <summary>What keeps the world from being quiet; null where it is.</summary>
    public string? WhatMoves()
    {
        if (cluster.Broker.Messages > 0)
        {
            return $"{cluster.Broker.Messages} messages are in the broker";
        }
        if (cluster.Store.Relaying > 0)
        {
            return $"{cluster.Store.Relaying} relays are under way";
        }
        string? store = Oracle.Tables(tables =>
            tables.Live.Count > 0 ? $"{tables.Live.Count} jobs have not ended, among them {Describe(tables.Live.Values.First())}"
            : tables.Outbox.Count > 0 ? $"{tables.Outbox.Count} rows are in the outbox"
            : tables.Leaders.Count > 0 ? "an ended job still leads"
            : null);
        if (store is not null)
        {
            return store;
        }
        foreach (SimNode worker in cluster.Workers)
        {
            if (worker.IsDead)
            {
                return $"{worker.Name} is down";
            }
            int held = worker.Get<HeldJobs>().Count, active = worker.Get<RunningJobs>().Active, fences = worker.Get<RunningJobs>().Fences.Length;
            int waiting = worker.Get<InferenceLoops>().All.Sum(loop => loop.Waiting);
            if (held + active + fences + waiting > 0)
            {
                return $"{worker.Name} holds {held}, runs {fences}, counts {active} as active, {waiting} wait in its former";
            }
            foreach (InferenceLoop loop in worker.Get<InferenceLoops>().All)
            {
                if (loop.Idle(TimeSpan.Zero) != cluster.Settings.Stub().MaxSequences)
                {
                    return $"{worker.Name} believes its engine has room for {loop.Idle(TimeSpan.Zero)} of {cluster.Settings.Stub().MaxSequences}";
                }
            }
        }
        return null;
    }

    /// <summary>The first broken promise; null where all were kept.</summary>
    public string? Broken()
    {
        foreach (PlannedJob job in plan.Where(job => job.OverBus && job.IsAccepted))
        {
            job.Id = Oracle.Tables(tables => tables.Idempotency.ContainsKey((job.Tenant, job.Key!)) ? tables.Idempotency[(job.Tenant, job.Key!)].Job : (JobId?)null);
        }
        return Oracle.Tables(TwoOfOneKey)
            ?? plan.Select(Broken).FirstOrDefault(fault => fault is not null)
            ?? client.Retries.Select(retry => Broken(retry.Of, retry.Retry, isRetry: true)).FirstOrDefault(fault => fault is not null)
            ?? Oracle.Tables(tables => tables.Jobs.Values.Select(Broken).FirstOrDefault(fault => fault is not null))
            ?? (cluster.Counts["process ended itself, stalled"] > 0 && plan.All(job => job.Mischief != Mischief.Hangs) ? "a process ended itself as stalled though nothing hung" : null)
            ?? (cluster.Broker.DeadLetters > 0 ? $"{cluster.Broker.DeadLetters} messages were thrown away by their consumers" : null)
            ?? cluster.Drains.Where(took => took > TimeSpan.FromSeconds(25)).Select(took => $"an orderly end took {took.TotalSeconds:F1} s").FirstOrDefault();
    }

    private static string? TwoOfOneKey(MemoryTables tables) => tables.Jobs.Values.Where(job => job.Input?.IdempotencyKey is not null)
        .GroupBy(job => (job.Tenant, Key: job.Input!.IdempotencyKey)).Where(jobs => jobs.Count() > 1)
        .Select(jobs => $"{jobs.Count()} jobs have the key {jobs.Key.Key} of {jobs.Key.Tenant}").FirstOrDefault();

    private string? Broken(PlannedJob job) =>
        !job.IsAccepted ? null
        : job.Id is { } id ? Broken(job, id, isRetry: false)
        : job.IsExcused ? null
        : $"job {job.Number} was accepted and is nowhere";

    private string? Broken(PlannedJob job, JobId id, bool isRetry)
    {
        MemoryJob? row = Oracle.Row(id);
        return row is null ? $"{id} was accepted and is not there"
            : row.Tenant != job.Tenant ? $"{id} of {job.Tenant} belongs to {row.Tenant}"
            : row.State == JobState.Succeeded && row.Result!.Outputs[0].Text != job.Answer ? $"{id} has the answer {row.Result.Outputs[0].Text}, not {job.Answer}"
            : !isRetry && job.IsCancelled && row.State != JobState.Cancelled ? $"{id} was cancelled and is {row.State}"
            : row.State == JobState.Cancelled && job.CancelAfter is null ? $"{id} is cancelled and nobody asked for it"
            : null;
    }

    private string? Broken(MemoryJob row)
    {
        PlannedJob? asked = plan.FirstOrDefault(job => job.Request.Prompt == row.Input?.Request.Prompt && job.Tenant == row.Tenant);
        return row.Live ? $"{Describe(row)} has not ended"
            : row.HeldBy is not null ? $"{Describe(row)} has ended and is held"
            : (row.State == JobState.Succeeded) != (row.Result is not null) ? $"{Describe(row)} has {(row.Result is null ? "no" : "a")} result"
            : asked is null ? $"{Describe(row)} was asked for by nobody"
            : !Oracle.FinishedPublished.ContainsKey(row.Id) ? $"the end of {row.Id} was never told"
            : row.State == JobState.Failed ? Unjust(row, asked)
            : row.State == JobState.Expired ? Early(row)
            : null;
    }

    private string? Unjust(MemoryJob row, PlannedJob asked)
    {
        int failedRuns = Oracle.FailedRuns.GetValueOrDefault(row.Id);
        bool usedUp = failedRuns > 0 && failedRuns + Oracle.LoneDeaths.GetValueOrDefault(row.Id) >= JobLimits.MaxFailures;
        return row.Error?.Code switch
        {
            "poison" when Oracle.IsKiller(row.Id) => null,
            "engine_fault" when asked.Mischief is Mischief.Throws or Mischief.Stumbles or Mischief.FailsStep && usedUp => null,
            // its batch-mate failed the step
            "engine_fault" when plan.Any(job => job.Mischief == Mischief.FailsStep) && usedUp => null,
            "exhausted" when row.Claims >= JobLimits.MaxClaims && (Oracle.Deaths.GetValueOrDefault(row.Id) > 3 || asked.Mischief is Mischief.Kills or Mischief.Hangs) => null,
            _ => $"{Describe(row)} failed as {row.Error?.Code}: {row.Error?.Message}; {Oracle.Record(row.Id)}",
        };
    }

    private static string? Early(MemoryJob row)
    {
        if (row.Deadline is null)
        {
            return $"{Describe(row)} expired and has no deadline";
        }
        TimeSpan early = row.Deadline.Value - row.FinishedAt!.Value;
        return row.OnLate == OnLate.Run ? $"{Describe(row)} expired and was to run late"
            : row.Error?.Code == "deadline_passed" && early > TimeSpan.Zero ? $"{Describe(row)} expired {early.TotalSeconds:F3} s before its deadline"
            : early > TimeSpan.FromSeconds(200) ? $"{Describe(row)} was given up {early.TotalSeconds:F1} s before its deadline"
            : null;
    }

    private static string Describe(MemoryJob row) =>
        $"{row.Id} ({row.State}, {row.Claims} claims, {row.Failures} failures, {row.Suspicions} suspicions, held by {row.HeldBy?.ToString() ?? "nobody"}, waits for {row.WaitsFor?.ToString() ?? "nobody"})";
}
