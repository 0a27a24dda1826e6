using Sluice.Jobs;

namespace Sluice.Store.Memory;

/// <summary>The submissions of the memory store.</summary>
internal sealed class MemorySubmissionStore(MemoryJobStore store) : ISubmissionStore
{
    public Task<(bool Created, SubmissionRecord Submission)> StartAsync(NewSubmission submission, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        MemorySubmission? existing = tables.Submissions.Values.FirstOrDefault(s => s.Record.Tenant == submission.Tenant && (s.Record.Id == submission.Id
            || (submission.IdempotencyKey is not null && s.Record.IdempotencyKey == submission.IdempotencyKey)
            || (submission.Schedule is not null && s.Record.Schedule == submission.Schedule && s.Record.FireTime == submission.FireTime)));
        if (existing is not null)
            return (false, existing.Record);
        MemorySubmission created = new(submission, tables.Now);
        tables.Submissions.Add(submission.Id, created);
        return (true, created.Record);
    });

    public Task<(bool Staged, SubmissionRecord? Submission)> StageAsync(string tenant, Guid id, LineChunk chunk, CancellationToken cancellationToken) =>
        store.LockedAsync<(bool, SubmissionRecord?)>(tables =>
        {
            if (Find(tables, tenant, id) is not { } submission)
                return (false, null);
            if (submission.Record.State != SubmissionState.Receiving || submission.Record.LastLine != chunk.After)
                return (false, submission.Record);
            int invalid = 0;
            foreach (StagedLine line in chunk.Lines)
            {
                bool repeated = line is { Errors: null, CustomId: { } name } && !submission.CustomIds.Add(name);
                StagedLine stored = repeated ? line with { Request = null, Errors = [SubmissionEnds.Duplicate(line.CustomId!)] } : line;
                submission.Lines.Add(line.Number, stored);
                invalid += stored.Errors is null ? 0 : 1;
            }
            SubmissionCounts counts = submission.Record.Counts;
            submission.TouchedAt = tables.Now;
            submission.Record = submission.Record with
            {
                LastLine = chunk.Last,
                Cursor = chunk.Cursor ?? submission.Record.Cursor,
                Counts = counts with { Lines = counts.Lines + chunk.Lines.Count, Invalid = counts.Invalid + invalid },
            };
            return (true, submission.Record);
        });

    public Task<SubmissionRecord?> CloseAsync(string tenant, Guid id, UploadEnd end, byte[]? requestHash, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        if (Find(tables, tenant, id) is not { } submission)
            return null;
        if (submission.Record.State == SubmissionState.Receiving)
            End(submission, end, requestHash, tables.Now);
        return submission.Record;
    });

    public Task<SubmissionRecord?> GetAsync(string tenant, Guid id, CancellationToken cancellationToken) => store.LockedAsync(tables => Find(tables, tenant, id)?.Record);

    public Task<IReadOnlyList<SubmissionRecord>> ListAsync(string tenant, SubmissionQuery query, CancellationToken cancellationToken) =>
        store.LockedAsync<IReadOnlyList<SubmissionRecord>>(tables => [.. tables.Submissions.Values.Select(s => s.Record)
            .Where(s => s.Tenant == tenant
                && (query.State is null || s.State == query.State)
                && (query.Schedule is null || s.Schedule == query.Schedule)
                && (query.After is null || s.Id.CompareTo(query.After.Value) < 0))
            .OrderByDescending(s => s.Id)
            .Take(query.Limit)]);

    public Task<SubmissionRecord?> CancelAsync(string tenant, Guid id, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        if (Find(tables, tenant, id) is not { } submission)
            return null;
        if (!submission.Terminal)
        {
            submission.Cancel(incomplete: false, giveKeyBack: false, tables.Now);
            Tend(tables, submission, new TendOptions { Max = int.MaxValue });
        }
        return submission.Record;
    });

    public Task<IReadOnlyList<LineOutcome>> LinesAsync(string tenant, Guid id, LineFilter filter, int after, int limit, CancellationToken cancellationToken) =>
        store.LockedAsync<IReadOnlyList<LineOutcome>>(tables =>
        {
            List<LineOutcome> found = [];
            if (Find(tables, tenant, id) is not { } submission)
                return found;
            for (int number = after + 1; number <= submission.Record.LastLine && found.Count < limit; number++)
            {
                if (Outcome(tables, submission, number) is { } outcome && (outcome.Job?.State == JobState.Succeeded) == (filter == LineFilter.Succeeded))
                    found.Add(outcome);
            }
            return found;
        });

    public Task<FeedWork?> TakeAsync(FeedRequest request, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        foreach (Guid left in request.Left)
        {
            if (tables.Submissions.TryGetValue(left, out MemorySubmission? given) && given.Feeder == request.Feeder)
                given.Feeder = null;
        }
        MemorySubmission? submission = tables.Submissions.Values
            .Where(s => s.MayFeed && s.Record.FedTo < s.Record.LastLine && (s.Feeder is null || s.Feeder == request.Feeder || s.FeederUntil < tables.Now)
                && s.Record.Counts.Fed - s.Record.Counts.Ended < request.MaxLive && !request.FullTenants.Contains(s.Record.Tenant) && !request.Left.Contains(s.Record.Id))
            .MinBy(s => (s.TakenAt ?? s.Record.CreatedAt, s.TakenAt is not null));
        if (submission is null)
            return null;
        submission.Feeder = request.Feeder;
        submission.TakenAt = tables.Now;
        submission.FeederUntil = tables.Now + request.Lease;
        List<FeedLine> lines = [];
        int to = submission.Record.FedTo;
        while (to < submission.Record.LastLine && lines.Count < request.MaxLines)
        {
            if (submission.Lines.TryGetValue(++to, out StagedLine? line) && line.Request is { } bytes)
                lines.Add(new FeedLine(to, bytes));
        }
        return new FeedWork(submission.Record, lines, to);
    });

    public Task<IReadOnlyList<SubmitResult>?> FeedAsync(FedChunk chunk, CancellationToken cancellationToken) => store.LockedAsync<IReadOnlyList<SubmitResult>?>(tables =>
    {
        SubmissionRecord known = chunk.Work.Submission;
        if (Find(tables, known.Tenant, known.Id) is not { Terminal: false } submission || submission.Record.FedTo != known.FedTo)
            return null;
        SubmitResult[] results = [.. chunk.Jobs.Select(job => MemorySubmit.Submit(tables, job))];
        SubmitOutcome[] outcomes = [.. results.Select(result => result.Outcome)];
        foreach (NewJob job in chunk.Jobs)
            submission.Lines.Remove(SubmissionJobs.LineOf(job.Id));
        IReadOnlyList<StagedLine> refused = chunk.Refused(outcomes);
        foreach (StagedLine line in refused)
            submission.Lines[line.Number] = line with { Request = null };
        SubmissionCounts counts = submission.Record.Counts;
        SubmissionWork? work = SubmissionWork.Of(chunk.Jobs, i => outcomes[i] == SubmitOutcome.Queued);
        submission.Record = submission.Record with
        {
            FedTo = chunk.Work.To,
            Counts = counts with { Fed = counts.Fed + outcomes.Count(outcome => outcome != SubmitOutcome.TooLate), Invalid = counts.Invalid + refused.Count },
            Work = SubmissionWork.Sum(submission.Record.Work, work),
        };
        return results;
    });

    public Task<TendReport> TendAsync(TendOptions options, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        TendReport sum = new(0, 0, 0, 0);
        foreach (MemorySubmission submission in tables.Submissions.Values.Where(s => !s.Settled).ToList())
        {
            TendReport one = Tend(tables, submission, options);
            sum = new TendReport(sum.Open + one.Open, sum.Finished + one.Finished, sum.Abandoned + one.Abandoned, sum.Cancelled + one.Cancelled);
        }
        return sum;
    });

    private static TendReport Tend(MemoryTables tables, MemorySubmission submission, TendOptions options)
    {
        SubmissionRecord record = submission.Record;
        if (record is { State: SubmissionState.Receiving, Source: SubmissionSource.Http } && submission.TouchedAt < tables.Now - options.AbandonedAfter)
        {
            End(submission, UploadEnd.Incomplete, null, tables.Now);
            return new TendReport(1, 0, 1, 0);
        }
        int cancelled = 0;
        if (record.State == SubmissionState.Cancelled)
        {
            List<MemoryJob> live = [.. tables.Live.Values.Where(j => j.Submission == record.Id).OrderBy(j => j.Id.Value).Take(options.Max)];
            foreach (MemoryJob job in live.Where(j => j.Live))
            {
                tables.End(job, JobState.Cancelled, null, null);
                cancelled++;
            }
        }
        bool whole = record.State == SubmissionState.Cancelled || (record.State == SubmissionState.Running && record.FedTo == record.LastLine);
        if (!whole || submission.Record.Counts.Pending > 0)
            return new TendReport(1, 0, 0, cancelled);
        submission.Settled = true;
        if (record.State == SubmissionState.Running)
            submission.Record = submission.Record with { State = SubmissionState.Finished, FinishedAt = tables.Now };
        tables.Webhooks.Ended(submission, SubmissionEnds.FinishedEvent, tables.Now);
        return new TendReport(0, 1, 0, cancelled);
    }

    private static void End(MemorySubmission submission, UploadEnd end, byte[]? requestHash, DateTimeOffset now)
    {
        if (end == UploadEnd.Refused || (end == UploadEnd.Incomplete && !submission.Record.KeepIncomplete))
            submission.Cancel(end == UploadEnd.Incomplete, giveKeyBack: true, now);
        else
            submission.Close(end == UploadEnd.Incomplete, requestHash, now);
    }

    private static LineOutcome? Outcome(MemoryTables tables, MemorySubmission submission, int number)
    {
        if (submission.Lines.TryGetValue(number, out StagedLine? line))
        {
            return line.Errors is not null ? new LineOutcome { Number = number, CustomId = line.CustomId, Errors = line.Errors }
                : submission.Record.State == SubmissionState.Cancelled ? new LineOutcome { Number = number, Request = line.Request }
                : null;
        }
        return tables.Find(submission.Record.Tenant, SubmissionJobs.IdOf(submission.Record.Id, number)) is { Live: false } job
            ? new LineOutcome { Number = number, CustomId = job.Input?.CustomId, Job = WithoutEmbedding(job.Record()), Shape = job.Input?.Shape }
            : null;
    }

    private static JobRecord WithoutEmbedding(JobRecord job) => job with { Result = job.Result is null ? null : job.Result with { Embedding = null, EmbedderId = null } };

    private static MemorySubmission? Find(MemoryTables tables, string tenant, Guid id) =>
        tables.Submissions.TryGetValue(id, out MemorySubmission? found) && found.Record.Tenant == tenant ? found : null;
}
