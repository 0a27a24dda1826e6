using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>Jobs that this worker holds and has not claimed, within a limit: past it nothing is reserved, and tickets wait in the broker.</summary>
internal sealed class HeldJobs(IOptions<WorkerOptions> options, TimeProvider time)
{
    private readonly ConcurrentDictionary<JobId, ReservedJob> _jobs = new();
    private readonly WakeUp _room = new(time);
    private readonly int _limit = options.Value.HoldLimit;

    public int Count => _jobs.Count;

    public bool Contains(JobId id) => _jobs.ContainsKey(id);

    /// <summary>False where it is held already.</summary>
    public bool TryAdd(ReservedJob job) => _jobs.TryAdd(job.Id, job);

    public ReservedJob? Remove(JobId id)
    {
        bool removed = _jobs.TryRemove(id, out ReservedJob? job);
        _room.Pulse();
        return removed ? job : null;
    }

    public void Clear()
    {
        _jobs.Clear();
        _room.Pulse();
    }

    /// <summary>How many more may be held now.</summary>
    public int Room => Math.Max(0, _limit - _jobs.Count);

    /// <summary>How many more may be held, at least one: waits until there is room. One waiter at a time.</summary>
    public async Task<int> RoomAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            int room = Room;
            if (room > 0)
            {
                return room;
            }
            await _room.WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken);
        }
    }
}
