using Npgsql;

namespace Sluice.Store.Postgres;

/// <summary>How many jobs of dead workers went which way.</summary>
internal readonly record struct Burial(int Requeued, int Freed, int Exhausted, int Poisoned);

/// <summary>What becomes of the jobs of workers that are gone: part of a round, of a registration, of a retirement.</summary>
internal static class BurialTransaction
{
    /// <summary>
    /// What these workers held is free again, at most <paramref name="max"/> per call; what they ran is queued again, all of it at once, or has failed: claimed too often,
    /// or poison. With <paramref name="suspect"/> the deaths count against what ran.
    /// </summary>
    public static async Task<Burial> RunAsync(NpgsqlConnection connection, Guid[] workers, bool suspect, int max, CancellationToken cancellationToken)
    {
        if (workers.Length == 0)
            return default;
        List<RanJob> ran;
        await using (Rows rows = await new Commands(connection).For(Scope.All).Add(DispatchSql.RunByDead, workers, JobEnds.LoneCrash).ReadAsync(cancellationToken))
        {
            ran = await rows.ListAsync(r => new RanJob(r.GetGuid(0), r.GetGuid(1), r.GetInt32(2), r.GetInt32(3), r.GetInt32(4)), cancellationToken);
        }
        RanJob[] alone = suspect ? [.. ran.GroupBy(job => job.Worker).Where(group => group.Count() == 1).Select(group => group.Single()).Where(job => job.Suspicions > 0)] : [];
        Guid[] poison = [.. alone.Where(job => job.IsPoison).Select(job => job.Id)];
        List<EndedJob> ended;
        int poisoned;
        List<bool> back;
        await using (Rows rows = await new Commands(connection).For(Scope.All)
            .Add(DispatchSql.Poison, poison, JobEnds.PoisonCode, JobEnds.PoisonMessage)
            .Add(DispatchSql.ExhaustOfDead, workers, JobLimits.MaxClaims, JobEnds.ExhaustedCode, JobEnds.ExhaustedMessage(JobLimits.MaxClaims))
            .Add(DispatchSql.Bury, workers, Math.Max(max, ran.Count), Parameters.Id(null), suspect, alone.Select(job => job.Id).ToArray(), JobEnds.LoneCrash)
            .ReadAsync(cancellationToken))
        {
            ended = await rows.ListAsync(FinishTransaction.ReadEnded, cancellationToken);
            poisoned = ended.Count;
            await rows.NextAsync(cancellationToken);
            ended.AddRange(await rows.ListAsync(FinishTransaction.ReadEnded, cancellationToken));
            await rows.NextAsync(cancellationToken);
            back = await rows.ListAsync(r => r.GetBoolean(0), cancellationToken);
        }
        await TerminalTransaction.RecordAsync(connection, null, ended, cancellationToken);
        int requeued = back.Count(wasRunning => wasRunning);
        return new Burial(requeued, back.Count - requeued, ended.Count - poisoned, poisoned);
    }

    /// <param name="Suspicions">Above 0 it ran in the quarantine lane: only there does a death speak against it. Any other lone job may just have been there when its worker was killed.</param>
    /// <param name="Crashes">Deaths of workers that ran nothing else, before this one.</param>
    private readonly record struct RanJob(Guid Id, Guid Worker, int Suspicions, int Failures, int Crashes)
    {
        public bool IsPoison => JobLimits.IsPoison(Suspicions + 1, Crashes + 1, Failures + 1);
    }
}
