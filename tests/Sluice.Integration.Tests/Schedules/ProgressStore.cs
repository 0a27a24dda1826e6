using Sluice.Store;

namespace Sluice.Integration.Tests.Schedules;

/// <summary>Hears how far a run has come; knows nothing else.</summary>
internal sealed class ProgressStore : IScheduleStore
{
    public long Delivered { get; private set; }
    public string? Cursor { get; private set; }

    public Task<bool> RecordAsync(FiringFence fence, FiringChange change, CancellationToken cancellationToken)
    {
        Delivered = change.Delivered ?? Delivered;
        Cursor = change.SinkCursor ?? Cursor;
        return Task.FromResult(true);
    }

    public Task<ScheduleAdded> AddAsync(ScheduleRecord schedule, int most, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<ScheduleRecord>> ListAsync(string tenant, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ScheduleRecord?> GetAsync(string tenant, Guid id, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ScheduleRecord?> FindAsync(string tenant, string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ScheduleRecord?> UpdateAsync(ScheduleRecord schedule, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ScheduleRecord?> PauseAsync(string tenant, Guid id, bool paused, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<bool> DeleteAsync(string tenant, Guid id, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<ScheduleRecord>> ActiveAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<FiringRecord?> FireAsync(FireRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<FiringRecord>> FiringsAsync(string tenant, Guid schedule, int most, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<FiringRecord>> RunningAsync(int most, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<bool> AnsweredAsync(Guid firing, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ClaimedFiring?> ClaimAsync(TimeSpan lease, IReadOnlyList<string> fullTenants, CancellationToken cancellationToken) => throw new NotSupportedException();
}
