using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// Jobs that this worker holds and has not claimed, within a limit: past it nothing is reserved, and tickets wait in the broker. The last sixteenth of the limit is
/// for interactive jobs alone, the one before it for them and standard ones: a backlog of bulk jobs keeps nobody out.
/// </summary>
internal sealed class HeldJobs(IOptions<WorkerOptions> options)
{
    private const int Parts = 16;
    private readonly ConcurrentDictionary<JobId, ReservedJob> _jobs = new();
    private readonly int _limit = options.Value.HoldLimit;

    /// <summary>Jobs have left, so that there may be room. Never blocks; from any thread.</summary>
    public event Action? Left;

    public int Count => _jobs.Count;

    /// <summary>Those that wait to run apart.</summary>
    public int Suspects => _jobs.Count(job => job.Value.Suspicions > 0);

    /// <summary>A copy.</summary>
    public ICollection<JobId> Ids => _jobs.Keys;

    public bool Contains(JobId id) => _jobs.ContainsKey(id);

    public ReservedJob? Find(JobId id) => _jobs.GetValueOrDefault(id);

    /// <summary>A ticket says something new: the job is not held, or as one that is less urgent.</summary>
    public bool IsNews(JobId id, JobClass jobClass, DateTimeOffset? deadline) => !_jobs.TryGetValue(id, out ReservedJob? job) || IsUrgent(jobClass, deadline, job);

    /// <summary>False where it is held already.</summary>
    public bool TryAdd(ReservedJob job) => _jobs.TryAdd(job.Id, job);

    /// <summary>True where a twin has made the job more urgent than the held one, whose place it takes.</summary>
    public bool Hurry(ReservedJob job) => _jobs.TryGetValue(job.Id, out ReservedJob? held) && IsUrgent(job.Class, job.Deadline, held) && _jobs.TryUpdate(job.Id, job, held);

    public ReservedJob? Remove(JobId id)
    {
        bool removed = _jobs.TryRemove(id, out ReservedJob? job);
        Left?.Invoke();
        return removed ? job : null;
    }

    public void Clear()
    {
        _jobs.Clear();
        Left?.Invoke();
    }

    /// <summary>How many more jobs of this class may be held now.</summary>
    public int Room(JobClass jobClass) => Math.Max(0, _limit - (_limit / Parts * (int)jobClass) - _jobs.Count);

    private static bool IsUrgent(JobClass jobClass, DateTimeOffset? deadline, ReservedJob held) =>
        jobClass < held.Class || deadline < held.Deadline || (deadline is not null && held.Deadline is null);
}
