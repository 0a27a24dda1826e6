using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

/// <summary>Submissions in Postgres.</summary>
internal sealed partial class PostgresSubmissionStore(Database database, TimeProvider time) : ISubmissionStore
{
    private static readonly short[] s_succeeded = [(short)JobState.Succeeded];
    private static readonly short[] s_failed = [(short)JobState.Failed, (short)JobState.Expired, (short)JobState.Cancelled];

    public Task<(bool Created, SubmissionRecord Submission)> StartAsync(NewSubmission submission, CancellationToken cancellationToken) =>
        database.AskAsync(async (connection, limit) =>
        {
            string tenant = Scope.Of(submission.Tenant);
            string? metadata = submission.Metadata is { } pairs ? JsonSerializer.Serialize(pairs, JobsJson.Default.IReadOnlyDictionaryStringString) : null;
            await using Rows rows = await new Commands(connection).For(tenant)
                .Add(SubmissionSql.Start, submission.Id, tenant, (short)submission.Source, submission.Name, submission.IdempotencyKey, submission.Schedule,
                    submission.FireTime?.ToUniversalTime(), !submission.KeepIncomplete, submission.Defaults, submission.FinishBy?.ToUniversalTime(), metadata, submission.Retention)
                .Add(SubmissionSql.Existing, tenant, submission.Id, submission.IdempotencyKey, Parameters.Id(submission.Schedule), submission.FireTime?.ToUniversalTime())
                .ReadAsync(limit);
            List<SubmissionRecord> created = await rows.ListAsync(SubmissionRows.Read, limit);
            await rows.NextAsync(limit);
            List<SubmissionRecord> existing = await rows.ListAsync(SubmissionRows.Read, limit);
            // Neither: the one in the way was given up in between.
            return created.Count > 0 ? (true, created[0]) : existing.Count > 0 ? (false, existing[0]) : throw new StaleReadException();
        }, cancellationToken);

    public Task<(bool Staged, SubmissionRecord? Submission)> StageAsync(string tenant, Guid id, LineChunk chunk, CancellationToken cancellationToken) =>
        database.DispatchAsync((connection, limit) => StageAsync(connection, Scope.Of(tenant), id, chunk, limit), cancellationToken);

    public Task<SubmissionRecord?> CloseAsync(string tenant, Guid id, UploadEnd end, byte[]? requestHash, CancellationToken cancellationToken) =>
        database.DispatchAsync(async (connection, limit) =>
        {
            Commands commands = new Commands(connection).For(Scope.Of(tenant));
            if (end != UploadEnd.Complete)
                commands.Add(SubmissionSql.CancelUpload, tenant, id, end == UploadEnd.Incomplete, true, end == UploadEnd.Refused);
            if (end != UploadEnd.Refused)
                commands.Add(SubmissionSql.Close, tenant, id, requestHash, end == UploadEnd.Incomplete);
            await using Rows rows = await commands.Add(SubmissionSql.Get, tenant, id).ReadAsync(limit);
            return (await rows.ListAsync(SubmissionRows.Read, limit)).FirstOrDefault();
        }, cancellationToken);

    public Task<SubmissionRecord?> GetAsync(string tenant, Guid id, CancellationToken cancellationToken) =>
        database.AskAsync((connection, limit) => FindAsync(connection, tenant, id, limit), cancellationToken);

    public Task<IReadOnlyList<SubmissionRecord>> ListAsync(string tenant, SubmissionQuery query, CancellationToken cancellationToken) =>
        database.AskAsync<IReadOnlyList<SubmissionRecord>>(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.Of(tenant))
                .Add(SubmissionSql.Page, tenant, Parameters.Id(query.After), Parameters.Small((short?)query.State), Parameters.Id(query.Schedule), query.Limit)
                .ReadAsync(limit);
            return await rows.ListAsync(SubmissionRows.Read, limit);
        }, cancellationToken);

    public async Task<SubmissionRecord?> CancelAsync(string tenant, Guid id, CancellationToken cancellationToken)
    {
        SubmissionRecord? cancelled = await database.DispatchAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.Of(tenant))
                .Add(SubmissionSql.Cancel, tenant, id, false, false).Add(SubmissionSql.Get, tenant, id).ReadAsync(limit);
            return (await rows.ListAsync(SubmissionRows.Read, limit)).FirstOrDefault();
        }, cancellationToken);
        if (cancelled is not { State: SubmissionState.Cancelled, Counts.Pending: > 0 })
            return cancelled;
        await TendOneAsync(id, new TendOptions { Max = 10_000 }, cancellationToken);
        return await GetAsync(tenant, id, cancellationToken);
    }

    public Task<IReadOnlyList<LineOutcome>> LinesAsync(string tenant, Guid id, LineFilter filter, int after, int limit, CancellationToken cancellationToken) =>
        database.DispatchAsync<IReadOnlyList<LineOutcome>>(async (connection, token) =>
        {
            if (await FindAsync(connection, tenant, id, token) is not { } submission)
                return [];
            bool failed = filter == LineFilter.Failed;
            Commands commands = new Commands(connection).For(Scope.Of(tenant))
                .Add(RecordSql.LinesOfSubmission, tenant, id, SubmissionJobs.IdOf(id, after).Value, failed ? s_failed : s_succeeded, limit);
            if (failed)
                commands.Add(SubmissionSql.Invalid, id, after, limit);
            if (failed && submission.State == SubmissionState.Cancelled)
                commands.Add(SubmissionSql.Unfed, id, Math.Max(after, submission.FedTo), limit);
            await using Rows rows = await commands.ReadAsync(token);
            List<LineOutcome> lines = await rows.ListAsync(SubmissionRows.ReadJob, token);
            while (failed && await rows.Reader.NextResultAsync(token))
            {
                lines.AddRange(await rows.ListAsync(SubmissionRows.ReadLine, token));
            }
            return failed ? [.. lines.OrderBy(l => l.Number).Take(limit)] : lines;
        }, cancellationToken);

    private static async Task<SubmissionRecord?> FindAsync(NpgsqlConnection connection, string tenant, Guid id, CancellationToken cancellationToken)
    {
        await using Rows rows = await new Commands(connection).For(Scope.Of(tenant)).Add(SubmissionSql.Get, tenant, id).ReadAsync(cancellationToken);
        return (await rows.ListAsync(SubmissionRows.Read, cancellationToken)).FirstOrDefault();
    }

    private static async Task<(bool Staged, SubmissionRecord? Submission)> StageAsync(NpgsqlConnection connection, string tenant, Guid id, LineChunk chunk, CancellationToken cancellationToken)
    {
        StagedLine[] good = [.. chunk.Lines.Where(l => l.Errors is null)];
        List<StagedLine> bad = [.. chunk.Lines.Where(l => l.Errors is not null)];
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        SubmissionRecord? submission;
        HashSet<int> staged;
        await using (Rows rows = await new Commands(connection).For(tenant)
            .Add(SubmissionSql.Advance, tenant, id, chunk.After, chunk.Last, chunk.Lines.Count, bad.Count, chunk.Cursor)
            .Add(SubmissionSql.Stage, id, tenant, good.Select(l => l.Number).ToArray(), good.Select(l => SubmissionRows.Hash(l.CustomId)).ToArray(),
                SubmitArrays.Typed([.. good.Select(l => l.Request)], NpgsqlDbType.Bytea))
            .ReadAsync(cancellationToken))
        {
            submission = (await rows.ListAsync(SubmissionRows.Read, cancellationToken)).FirstOrDefault();
            await rows.NextAsync(cancellationToken);
            staged = [.. await rows.ListAsync(r => r.GetInt32(0), cancellationToken)];
        }
        if (submission is null)
        {
            await transaction.RollbackAsync(cancellationToken);
            return (false, await FindAsync(connection, tenant, id, cancellationToken));
        }
        int duplicates = good.Length - staged.Count;
        bad.AddRange(good.Where(l => !staged.Contains(l.Number)).Select(l => l with { Errors = [SubmissionEnds.Duplicate(l.CustomId!)] }));
        if (bad.Count > 0)
        {
            await using Rows rows = await new Commands(connection)
                .Add(SubmissionSql.StageInvalid, id, tenant, bad.Select(l => l.Number).ToArray(), bad.Select(l => l.CustomId).ToArray(), bad.Select(l => SubmissionRows.Write(l.Errors!)).ToArray())
                .Add(SubmissionSql.AddInvalid, tenant, id, duplicates)
                .ReadAsync(cancellationToken);
            submission = (await rows.ListAsync(SubmissionRows.Read, cancellationToken))[0];
        }
        await transaction.CommitAsync(cancellationToken);
        return (true, submission);
    }
}
