namespace Sluice.Store;

/// <summary>
/// Schedules and their firings. The truth about both: what watches the clock follows it. Every time is the store's own. Postgres and memory, one contract test.
/// Each member is one transaction; throws <see cref="StoreUnavailableException"/> when the store cannot be reached.
/// </summary>
public interface IScheduleStore
{
    /// <summary>Stores a schedule, made now.</summary>
    Task<ScheduleAdded> AddAsync(ScheduleRecord schedule, int most, CancellationToken cancellationToken);

    /// <summary>The tenant's, by name.</summary>
    Task<IReadOnlyList<ScheduleRecord>> ListAsync(string tenant, CancellationToken cancellationToken);

    /// <summary>Null where this tenant has none of that id.</summary>
    Task<ScheduleRecord?> GetAsync(string tenant, Guid id, CancellationToken cancellationToken);

    /// <summary>Null where this tenant has none of that name.</summary>
    Task<ScheduleRecord?> FindAsync(string tenant, string name, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces all that a person decides, where the version is still the one given. Other times (cron, zone) count from now on. Firings under way go on as they began.
    /// Null: changed meanwhile or gone; the name of another: <see cref="ScheduleNameTakenException"/>.
    /// </summary>
    Task<ScheduleRecord?> UpdateAsync(ScheduleRecord schedule, CancellationToken cancellationToken);

    /// <summary>A paused schedule does not fire by the clock; resumed, it does from now on. Null: no such schedule.</summary>
    Task<ScheduleRecord?> PauseAsync(string tenant, Guid id, bool paused, CancellationToken cancellationToken);

    /// <summary>Removes the schedule; firings under way go on. False: no such schedule.</summary>
    Task<bool> DeleteAsync(string tenant, Guid id, CancellationToken cancellationToken);

    /// <summary>Those of all tenants that fire by the clock.</summary>
    Task<IReadOnlyList<ScheduleRecord>> ActiveAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Notes that the time has come: one firing per schedule and time, whoever says so how often. The overlap policy decides here. Null: it is known already, the schedule is gone,
    /// or it is paused and no person asks.
    /// </summary>
    Task<FiringRecord?> FireAsync(FireRequest request, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    Task<IReadOnlyList<FiringRecord>> FiringsAsync(string tenant, Guid schedule, int most, CancellationToken cancellationToken);

    /// <summary>Those of all tenants whose jobs run, oldest first.</summary>
    Task<IReadOnlyList<FiringRecord>> RunningAsync(int most, CancellationToken cancellationToken);

    /// <summary>The jobs of a running firing have ended: its answers can be delivered. False: it does not run any more.</summary>
    Task<bool> AnsweredAsync(Guid firing, CancellationToken cancellationToken);

    /// <summary>
    /// Takes a firing that waits for work (staging, delivering, cancelling, or waiting where the earlier ones of its schedule have ended) and that nobody holds, the oldest of tenants
    /// other than these. Null: there is none.
    /// </summary>
    Task<ClaimedFiring?> ClaimAsync(TimeSpan lease, IReadOnlyList<string> fullTenants, CancellationToken cancellationToken);

    /// <summary>Writes what is new, and holds the claim on. False, nothing written: another has claimed it since, it was told to cancel, or it has ended.</summary>
    Task<bool> RecordAsync(FiringFence fence, FiringChange change, CancellationToken cancellationToken);
}

/// <summary>A tenant's schedules have different names.</summary>
public sealed class ScheduleNameTakenException(string name) : Exception($"There is another schedule named '{name}'.");
