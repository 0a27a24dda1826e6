using Npgsql;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

/// <summary>Claims and finishes: the two ends of a run.</summary>
internal static class FinishTransaction
{
    public static EndedJob ReadEnded(NpgsqlDataReader row) => new(row.GetGuid(0), row.GetString(1), (JobState)row.GetInt16(2), row.GetBoolean(3), row.Id(4), null);

    public static async Task<IReadOnlyList<ClaimedJob>> ClaimAsync(NpgsqlConnection connection, Guid worker, Guid[] ids, CancellationToken cancellationToken)
    {
        List<ClaimedJob> claimed;
        List<EndedJob> ended;
        await using (Rows rows = await new Commands(connection).For(Scope.All)
            .Add(DispatchSql.Claim, worker, ids, JobLimits.MaxClaims)
            .Add(DispatchSql.ExpireAtClaim, worker, ids, JobEnds.DeadlineCode, JobEnds.DeadlineMessage)
            .Add(DispatchSql.ExhaustAtClaim, worker, ids, JobLimits.MaxClaims, JobEnds.ExhaustedCode, JobEnds.ExhaustedMessage(JobLimits.MaxClaims))
            .ReadAsync(cancellationToken))
        {
            claimed = await rows.ListAsync(ReadClaimed, cancellationToken);
            await rows.NextAsync(cancellationToken);
            ended = await rows.ListAsync(ReadEnded, cancellationToken);
            await rows.NextAsync(cancellationToken);
            ended.AddRange(await rows.ListAsync(ReadEnded, cancellationToken));
        }
        await TerminalTransaction.RecordAsync(connection, worker, ended, cancellationToken);
        return claimed;
    }

    public static async Task<IReadOnlyList<bool>> FinishAsync(NpgsqlConnection connection, Guid worker, IReadOnlyList<JobOutcome> outcomes, CancellationToken cancellationToken)
    {
        // In order of id, as all lock jobs; of equal fences the first counts.
        JobOutcome[] sorted = [.. outcomes.DistinctBy(o => o.Fence).OrderBy(o => o.Fence.Job.Value)];
        Dictionary<Fence, JobOutcome> byFence = sorted.ToDictionary(o => o.Fence);
        JobOutcome[] again = [.. sorted.Where(o => o.State == JobState.Failed && o.Retryable)];
        Commands commands = new Commands(connection).For(Scope.All).Add(DispatchSql.Finish,
            sorted.Select(o => o.Fence.Job.Value).ToArray(),
            sorted.Select(o => o.Fence.Claims).ToArray(),
            sorted.Select(o => (short)o.State).ToArray(),
            sorted.Select(o => o.Batch).ToArray(),
            sorted.Select(o => o.Error?.Code).ToArray(),
            sorted.Select(o => o.Error?.Message).ToArray(),
            sorted.Select(o => o.Retryable).ToArray(),
            sorted.Select(o => o.OtherRevision).ToArray(),
            JobLimits.MaxFailures);
        if (again.Length > 0)
        {
            commands.Add(DispatchSql.RetryFailed, again.Select(o => o.Fence.Job.Value).ToArray(), again.Select(o => o.Fence.Claims).ToArray(),
                Parameters.Id(worker), again.Select(o => o.Error?.Code).ToArray());
        }
        HashSet<Fence> written = [];
        List<EndedJob> ended = [];
        await using (Rows rows = await commands.ReadAsync(cancellationToken))
        {
            foreach ((EndedJob job, int claims) in await rows.ListAsync(r => (ReadEnded(r), r.GetInt32(5)), cancellationToken))
            {
                Fence fence = new(new JobId(job.Id), claims);
                written.Add(fence);
                ended.Add(job with { Result = byFence[fence].Result, OtherRevision = byFence[fence].OtherRevision });
            }
            await rows.NextAsync(cancellationToken);
            if (again.Length > 0)
                written.UnionWith(await rows.ListAsync(r => new Fence(new JobId(r.GetGuid(0)), r.GetInt32(1)), cancellationToken));
        }
        await TerminalTransaction.RecordAsync(connection, worker, ended, cancellationToken);
        // Each fence is good for one write.
        return [.. outcomes.Select(o => written.Remove(o.Fence))];
    }

    private static ClaimedJob ReadClaimed(NpgsqlDataReader row) => new()
    {
        Id = new JobId(row.GetGuid(0)),
        Claims = row.GetInt32(1),
        Tenant = row.GetString(2),
        Namespace = row.GetString(3),
        Model = row.GetString(4),
        Request = RecordSql.ReadRequest(row.GetString(5)),
        Deadline = row.TimeOrNull(6),
        TraceParent = row.Text(7),
        CreatedAt = row.Time(8),
        StartedAt = row.Time(9),
        Eta = row.TimeOrNull(10),
        WillMeetDeadline = row.IsDBNull(11) ? null : row.GetBoolean(11),
        ModelRevision = row.GetString(12),
    };
}
