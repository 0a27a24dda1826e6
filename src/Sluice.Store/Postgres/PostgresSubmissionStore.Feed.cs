using Npgsql;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

internal sealed partial class PostgresSubmissionStore
{
    /// <summary>Bytes of the lines that one round of feeding may have in memory; one line may be more.</summary>
    private const long MostFeedBytes = 8 << 20;

    private readonly TenantBacklog _backlog = new(time);

    public Task<FeedWork?> TakeAsync(FeedRequest request, CancellationToken cancellationToken) =>
        database.DispatchAsync(async (connection, limit) =>
        {
            SubmissionRecord? submission;
            await using (Rows rows = await new Commands(connection).For(Scope.All)
                .Add(SubmissionSql.Take, request.Feeder, request.MaxLive, request.FullTenants.ToArray(), request.Lease, request.Left.ToArray()).ReadAsync(limit))
            {
                submission = (await rows.ListAsync(SubmissionRows.Read, limit)).FirstOrDefault();
            }
            if (submission is null)
                return null;
            List<FeedLine> lines;
            await using (Rows rows = await new Commands(connection).For(Scope.Of(submission.Tenant))
                .Add(SubmissionSql.Staged, submission.Id, submission.FedTo, submission.LastLine, request.MaxLines + 1, MostFeedBytes).ReadAsync(limit))
            {
                lines = await rows.ListAsync(r => new FeedLine(r.GetInt32(0), r.GetFieldValue<byte[]>(1)), limit);
            }
            bool more = lines.Count > request.MaxLines || lines.Sum(l => (long)l.Request.Length) >= MostFeedBytes;
            if (lines.Count > request.MaxLines)
                lines.RemoveAt(request.MaxLines);
            return new FeedWork(submission, lines, more ? lines[^1].Number : submission.LastLine);
        }, cancellationToken);

    public async Task<IReadOnlyList<SubmitResult>?> FeedAsync(FedChunk chunk, CancellationToken cancellationToken)
    {
        try
        {
            return await database.DispatchAsync((connection, limit) => FeedAsync(connection, chunk, limit), cancellationToken);
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "pk_job_inputs" or "pk_jobs" })
        {
            return null; // another feeder stored these very lines between this one's look and its insert
        }
    }

    public async Task<TendReport> TendAsync(TendOptions options, CancellationToken cancellationToken)
    {
        (long open, List<Guid> due) = await database.DispatchAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.All).Add(SubmissionSql.CountOpen).Add(SubmissionSql.ToTend, options.AbandonedAfter).ReadAsync(limit);
            long count = (await rows.ListAsync(r => r.GetInt64(0), limit))[0];
            await rows.NextAsync(limit);
            return (count, await rows.ListAsync(r => r.GetGuid(0), limit));
        }, cancellationToken);
        TendReport sum = new((int)open, 0, 0, 0);
        foreach (Guid id in due)
        {
            TendReport one = await TendOneAsync(id, options, cancellationToken);
            sum = new TendReport(sum.Open - one.Finished, sum.Finished + one.Finished, sum.Abandoned + one.Abandoned, sum.Cancelled + one.Cancelled);
        }
        return sum;
    }

    private async Task<IReadOnlyList<SubmitResult>?> FeedAsync(NpgsqlConnection connection, FedChunk chunk, CancellationToken cancellationToken)
    {
        SubmissionRecord submission = chunk.Work.Submission;
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (Rows rows = await new Commands(connection).For(Scope.All).Add(SubmissionSql.FedTo, submission.Id).ReadAsync(cancellationToken))
        {
            if (await rows.ListAsync(r => r.GetInt32(0), cancellationToken) is not [int fedTo] || fedTo != submission.FedTo)
                return null;
        }
        IReadOnlyList<SubmitResult> stored = chunk.Jobs.Count > 0 ? await new SubmitTransaction(connection, _backlog, cancellationToken).RunAsync(chunk.Jobs) : [];
        SubmitOutcome[] outcomes = [.. stored.Select(result => result.Outcome)];
        SubmissionWork? work = SubmissionWork.Of(chunk.Jobs, i => outcomes[i] == SubmitOutcome.Queued);
        IReadOnlyList<StagedLine> refused = chunk.Refused(outcomes);
        Commands commands = new Commands(connection).For(Scope.All);
        if (refused.Count > 0)
        {
            commands.Add(SubmissionSql.Refuse, submission.Id, refused.Select(l => l.Number).ToArray(), refused.Select(l => l.CustomId).ToArray(),
                refused.Select(l => SubmissionRows.Write(l.Errors!)).ToArray());
        }
        commands.Add(SubmissionSql.Fed, submission.Id, submission.FedTo, chunk.Work.To, outcomes.Count(outcome => outcome != SubmitOutcome.TooLate), refused.Count,
            work?.Model, work?.PromptTokens ?? 0, work?.MaxNewTokens ?? 0);
        await using (Rows rows = await commands.ReadAsync(cancellationToken))
        {
            if ((await rows.ListAsync(r => r.GetGuid(0), cancellationToken)).Count == 0)
                return null;
        }
        Crash.At("feed_before_commit");
        await transaction.CommitAsync(cancellationToken);
        Crash.At("feed_after_commit");
        return stored;
    }

    private Task<TendReport> TendOneAsync(Guid id, TendOptions options, CancellationToken cancellationToken) =>
        database.DispatchAsync((connection, limit) => Database.InTransactionAsync(connection, () => TendOneAsync(connection, id, options, limit), limit), cancellationToken);

    private static async Task<TendReport> TendOneAsync(NpgsqlConnection connection, Guid id, TendOptions options, CancellationToken cancellationToken)
    {
        SubmissionRecord? submission;
        bool abandoned = false;
        await using (Rows rows = await new Commands(connection).For(Scope.All).Add(SubmissionSql.Hold, id, options.AbandonedAfter).ReadAsync(cancellationToken))
        {
            submission = (await rows.ListAsync(r =>
            {
                abandoned = r.GetBoolean(SubmissionSql.ColumnCount);
                return SubmissionRows.Read(r);
            }, cancellationToken)).FirstOrDefault();
        }
        if (submission is null)
            return new TendReport(1, 0, 0, 0);
        if (abandoned)
        {
            await new Commands(connection).For(Scope.All)
                .Add(SubmissionSql.CancelUpload, submission.Tenant, id, true, true, false)
                .Add(SubmissionSql.Close, submission.Tenant, id, DBNull.Value, true).RunAsync(cancellationToken);
            return new TendReport(1, 0, 1, 0);
        }
        int cancelled = submission.State == SubmissionState.Cancelled ? await CancelJobsAsync(connection, id, options.Max, cancellationToken) : 0;
        await using (Rows rows = await new Commands(connection).For(Scope.All).Add(SubmissionSql.Fold, id).ReadAsync(cancellationToken))
        {
            submission = (await rows.ListAsync(SubmissionRows.Read, cancellationToken)).FirstOrDefault() ?? submission;
        }
        bool whole = submission.State == SubmissionState.Cancelled || (submission.State == SubmissionState.Running && submission.FedTo == submission.LastLine);
        if (!whole || submission.Counts.Pending > 0)
            return new TendReport(1, 0, 0, cancelled);
        await new Commands(connection).For(Scope.All).Add(SubmissionSql.Settle, id).Add(SubmissionSql.Tell, id, SubmissionEnds.FinishedEvent).RunAsync(cancellationToken);
        return new TendReport(0, 1, 0, cancelled);
    }

    private static async Task<int> CancelJobsAsync(NpgsqlConnection connection, Guid id, int max, CancellationToken cancellationToken)
    {
        List<EndedJob> ended;
        await using (Rows rows = await new Commands(connection).For(Scope.All).Add(SubmissionSql.CancelJobs, id, max).ReadAsync(cancellationToken))
        {
            ended = await rows.ListAsync(FinishTransaction.ReadEnded, cancellationToken);
        }
        await TerminalTransaction.RecordAsync(connection, null, ended, cancellationToken);
        return ended.Count;
    }
}
