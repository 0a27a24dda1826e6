using Sluice.Jobs;

namespace Sluice.Store.Memory;

internal sealed partial class MemoryJobStore
{
    public Task RegisterWorkerAsync(WorkerRegistration worker, CancellationToken cancellationToken) => Locked(() =>
    {
        foreach (MemoryWorker former in _tables.Workers.Values.Where(w => w.Registration.Name == worker.Name && w.Registration.Id != worker.Id).ToList())
        {
            _tables.Workers.Remove(former.Registration.Id);
            _tables.Bury(former.Registration.Id, suspect: true, int.MaxValue);
        }
        _tables.Workers[worker.Id] = new MemoryWorker(worker, _tables.Now);
        return true;
    });

    public Task<bool> HeartbeatAsync(Guid worker, CancellationToken cancellationToken) => Locked(() =>
    {
        if (!_tables.Workers.TryGetValue(worker, out MemoryWorker? known))
            return false;
        known.SeenAt = _tables.Now;
        return true;
    });

    public Task RetireWorkerAsync(Guid worker, CancellationToken cancellationToken) => Locked(() =>
    {
        _tables.Workers.Remove(worker);
        return _tables.Bury(worker, suspect: false, int.MaxValue);
    });

    public Task<IReadOnlyList<ReservedJob>> ReserveAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken) =>
        Locked<IReadOnlyList<ReservedJob>>(() =>
        {
            List<ReservedJob> got = [];
            if (!_tables.Workers.ContainsKey(worker))
                return got;
            foreach (MemoryJob job in Find(jobs).Where(j => j.Free || (j.State == JobState.Queued && j.HeldBy == worker)))
            {
                job.HeldBy = worker;
                got.Add(job.Reserved(_tables.Now));
            }
            return got;
        });

    public Task<IReadOnlyList<WorkerRegistration>> WorkersAsync(CancellationToken cancellationToken) =>
        Locked<IReadOnlyList<WorkerRegistration>>(() => [.. _tables.Workers.Values.Select(w => w.Registration)]);

    public Task<IReadOnlyList<ReservedJob>> StealAsync(Guid worker, IReadOnlyList<string> models, int max, TimeSpan? forsaken, CancellationToken cancellationToken) =>
        Locked<IReadOnlyList<ReservedJob>>(() =>
        {
            if (!_tables.Workers.ContainsKey(worker))
                return [];
            List<MemoryJob> loot = [.. _tables.Live.Values.Where(j => j.State == JobState.Queued && models.Contains(j.Model)
                && j.HeldBy is { } holder && holder != worker && _tables.Workers.ContainsKey(holder))];
            loot.AddRange(_tables.Live.Values.Where(j => j.Free && models.Contains(j.Model) && j.TicketedAt < _tables.Now - forsaken)
                .OrderBy(j => j.TicketedAt).Take(StealPlan.Forsaken * max));
            if (loot.GroupBy(j => j.HeldBy).OrderByDescending(g => g.Count()).ThenBy(g => NameOf(g.Key), StringComparer.Ordinal).FirstOrDefault() is not { } richest)
                return [];
            HashSet<(string, long)> runs = [.. _tables.Live.Values.Where(j => j.State == JobState.Running && j.HeldBy == richest.Key).Select(j => (j.Model, j.PrefixKey))];
            StealCandidate[] held = [.. richest.Select(j => new StealCandidate(j.Id, j.Model, j.PrefixKey, j.CreatedAt, runs.Contains((j.Model, j.PrefixKey))))];
            List<JobId> chosen = StealPlan.Choose(held, Math.Min(max, richest.Key is null ? held.Length : held.Length / 2));
            List<ReservedJob> got = [];
            foreach (MemoryJob job in Find(chosen))
            {
                job.HeldBy = worker;
                got.Add(job.Reserved(_tables.Now));
            }
            return got;
        });

    public Task<IReadOnlyList<ReservedJob>> ResumeAsync(Guid worker, IReadOnlyList<string> models, int max, CancellationToken cancellationToken) =>
        Locked<IReadOnlyList<ReservedJob>>(() =>
        {
            if (!_tables.Workers.ContainsKey(worker))
                return [];
            _tables.Begun.RemoveWhere(job => !job.Free);
            List<ReservedJob> got = [];
            foreach (MemoryJob job in _tables.Begun.Where(job => models.Contains(job.Model)).OrderBy(job => job.CreatedAt).ThenBy(job => job.Id.Value).Take(max))
            {
                job.HeldBy = worker;
                got.Add(job.Reserved(_tables.Now));
            }
            return got;
        });

    public Task UnreserveAsync(Guid worker, IReadOnlyList<JobId> jobs, bool reticket, CancellationToken cancellationToken) => Locked(() =>
    {
        foreach (MemoryJob job in Find(jobs).Where(j => j.State == JobState.Queued && j.HeldBy == worker))
        {
            if (reticket || job.Claims > 0)
                _tables.Requeue(job);
            else
                job.HeldBy = null;
        }
        return true;
    });

    public Task<IReadOnlyList<ClaimedJob>> ClaimAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken) =>
        Locked<IReadOnlyList<ClaimedJob>>(() =>
        {
            List<ClaimedJob> got = [];
            foreach (MemoryJob job in Find(jobs).Where(j => j.HeldBy == worker))
            {
                if (job.State == JobState.Running)
                {
                    got.Add(Claimed(job));
                }
                else if (job.IsLate(_tables.Now))
                {
                    _tables.End(job, JobState.Expired, null, JobEnds.DeadlinePassed());
                }
                else if (job.Claims >= JobLimits.MaxClaims)
                {
                    _tables.End(job, JobState.Failed, null, JobEnds.Exhausted(job.Claims));
                }
                else
                {
                    _tables.Move(job, JobState.Running);
                    job.Claims++;
                    job.StartedAt = _tables.Now;
                    got.Add(Claimed(job));
                }
            }
            return got;
        });

    public Task<IReadOnlyList<bool>> FinishAsync(Guid worker, IReadOnlyList<JobOutcome> outcomes, CancellationToken cancellationToken) =>
        Locked<IReadOnlyList<bool>>(() => [.. outcomes.Select(outcome => Running(outcome.Fence) is { } job && Finish(job, outcome))]);

    public Task<int> ReleaseAsync(Guid worker, IReadOnlyList<Fence> fences, CancellationToken cancellationToken) => Locked(() =>
    {
        List<MemoryJob> mine = [.. fences.Select(Running).OfType<MemoryJob>().Where(j => j.HeldBy == worker).Distinct()];
        mine.ForEach(_tables.Requeue);
        return mine.Count;
    });

    public Task<IReadOnlyList<JobId>> FindLostAsync(Guid worker, IReadOnlyList<Fence> fences, CancellationToken cancellationToken) =>
        Locked<IReadOnlyList<JobId>>(() => [.. fences.Where(f => Running(f)?.HeldBy != worker).Select(f => f.Job)]);

    public Task<IReadOnlyList<Holding>> HeldAsync(Guid worker, CancellationToken cancellationToken) =>
        Locked<IReadOnlyList<Holding>>(() => [.. _tables.Live.Values.Where(j => j.HeldBy == worker).Select(j => new Holding(new Fence(j.Id, j.Claims), j.State == JobState.Running))]);

    public Task<ReconcileReport> ReconcileAsync(ReconcileOptions options, CancellationToken cancellationToken) =>
        Locked(() => MemoryReconcile.Round(_tables, options));

    /// <summary>Of a living worker; empty for nobody.</summary>
    private string NameOf(Guid? worker) => worker is { } id ? _tables.Workers[id].Registration.Name : "";

    private static ClaimedJob Claimed(MemoryJob job) => new()
    {
        Id = job.Id,
        Claims = job.Claims,
        Tenant = job.Tenant,
        Namespace = job.Namespace,
        Model = job.Model,
        ModelRevision = job.ModelRevision,
        Request = job.Input!.Request,
        Deadline = job.Deadline,
        CreatedAt = job.CreatedAt,
        StartedAt = job.StartedAt!.Value,
        Eta = job.Eta,
        WillMeetDeadline = job.WillMeetDeadline,
        TraceParent = job.TraceParent,
    };

    private bool Finish(MemoryJob job, JobOutcome outcome)
    {
        job.Failures += outcome.State == JobState.Failed ? 1 : 0;
        if (outcome.State == JobState.Failed && outcome.Retryable && job.Failures < JobLimits.MaxFailures)
        {
            _tables.Requeue(job);
            return true;
        }
        JobResult? result = outcome.Result is null ? null : outcome.Result with
        {
            Embedding = outcome.Result.Embedding ?? job.Input?.Embedding,
            EmbedderId = outcome.Result.EmbedderId ?? job.Input?.EmbedderId,
        };
        _tables.End(job, outcome.State, result, outcome.Error, outcome.OtherRevision);
        return true;
    }

    private MemoryJob? Running(Fence fence) =>
        _tables.Jobs.TryGetValue(fence.Job, out MemoryJob? job) && job.State == JobState.Running && job.Claims == fence.Claims ? job : null;

    private List<MemoryJob> Find(IReadOnlyList<JobId> ids) =>
        [.. ids.Select(id => _tables.Live.GetValueOrDefault(id)).OfType<MemoryJob>().Distinct()];
}
