namespace Sluice.Store.Memory;

/// <summary>Schedules and firings of the memory store.</summary>
internal sealed class MemoryScheduleStore(MemoryJobStore store) : IScheduleStore
{
    public Task<ScheduleAdded> AddAsync(ScheduleRecord schedule, int most, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        List<ScheduleRecord> own = [.. tables.Schedules.Values.Where(s => s.Tenant == schedule.Tenant)];
        if (own.Count >= most)
            return ScheduleAdded.Full;
        if (own.Any(s => s.Name == schedule.Name))
            return ScheduleAdded.NameTaken;
        tables.Schedules.Add(schedule.Id, schedule with { Version = 1, EffectiveFrom = tables.Now, CreatedAt = tables.Now, UpdatedAt = tables.Now, LastFireTime = null });
        return ScheduleAdded.Added;
    });

    public Task<IReadOnlyList<ScheduleRecord>> ListAsync(string tenant, CancellationToken cancellationToken) =>
        store.LockedAsync<IReadOnlyList<ScheduleRecord>>(tables => [.. tables.Schedules.Values.Where(s => s.Tenant == tenant).OrderBy(s => s.Name, StringComparer.Ordinal)]);

    public Task<ScheduleRecord?> GetAsync(string tenant, Guid id, CancellationToken cancellationToken) => store.LockedAsync(tables => Find(tables, tenant, id));

    public Task<ScheduleRecord?> FindAsync(string tenant, string name, CancellationToken cancellationToken) =>
        store.LockedAsync(tables => tables.Schedules.Values.FirstOrDefault(s => s.Tenant == tenant && s.Name == name));

    public Task<ScheduleRecord?> UpdateAsync(ScheduleRecord schedule, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        if (Find(tables, schedule.Tenant, schedule.Id) is not { } known || known.Version != schedule.Version)
            return null;
        if (tables.Schedules.Values.Any(s => s.Tenant == schedule.Tenant && s.Name == schedule.Name && s.Id != schedule.Id))
            throw new ScheduleNameTakenException(schedule.Name);
        bool otherTimes = known.Cron != schedule.Cron || known.TimeZone != schedule.TimeZone || (known.Paused && !schedule.Paused);
        return tables.Schedules[known.Id] = schedule with
        {
            Version = known.Version + 1,
            EffectiveFrom = otherTimes ? tables.Now : known.EffectiveFrom,
            LastFireTime = known.LastFireTime,
            CreatedAt = known.CreatedAt,
            UpdatedAt = tables.Now,
        };
    });

    public Task<ScheduleRecord?> PauseAsync(string tenant, Guid id, bool paused, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        if (Find(tables, tenant, id) is not { } known || known.Paused == paused)
            return Find(tables, tenant, id);
        return tables.Schedules[id] = known with { Paused = paused, Version = known.Version + 1, EffectiveFrom = paused ? known.EffectiveFrom : tables.Now, UpdatedAt = tables.Now };
    });

    public Task<bool> DeleteAsync(string tenant, Guid id, CancellationToken cancellationToken) => store.LockedAsync(tables => Find(tables, tenant, id) is not null && tables.Schedules.Remove(id));

    public Task<IReadOnlyList<ScheduleRecord>> ActiveAsync(CancellationToken cancellationToken) =>
        store.LockedAsync<IReadOnlyList<ScheduleRecord>>(tables => [.. tables.Schedules.Values.Where(s => !s.Paused).OrderBy(s => s.Id)]);

    public Task<FiringRecord?> FireAsync(FireRequest request, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        if (!tables.Schedules.TryGetValue(request.Schedule, out ScheduleRecord? schedule) || (schedule.Paused && request.FireTime is not null))
            return null;
        DateTimeOffset now = tables.Now, time = request.FireTime?.ToUniversalTime() ?? now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
        List<MemoryFiring> own = [.. tables.Firings.Values.Where(f => f.Firing.Schedule == schedule.Id)];
        if (own.Any(f => f.Firing.FireTime == time))
            return null;
        List<MemoryFiring> open = [.. own.Where(f => f.Open)];
        FiringStart start = FiringStart.Of(schedule.Overlap, open.Count, open.Count(f => f.Firing.State == FiringState.Waiting), request.MostWaiting);
        MemoryFiring firing = new(schedule, new FiringRecord
        {
            Id = request.Id,
            Tenant = schedule.Tenant,
            Schedule = schedule.Id,
            FireTime = time,
            Manual = request.FireTime is null,
            State = start.State,
            Deadline = request.Deadline,
            ErrorCode = start.Code,
            ErrorMessage = start.Message,
            CreatedAt = now,
            FinishedAt = start.State >= FiringState.Finished ? now : null,
        });
        tables.Firings.Add(request.Id, firing);
        if (request.FireTime is not null && (schedule.LastFireTime is null || schedule.LastFireTime < time))
            tables.Schedules[schedule.Id] = schedule with { LastFireTime = time };
        if (start.CancelsOlder)
            open.Where(f => f.Firing.State < FiringState.Cancelling).ToList().ForEach(f => f.Cancel());
        return firing.Firing;
    });

    public Task<IReadOnlyList<FiringRecord>> FiringsAsync(string tenant, Guid schedule, int most, CancellationToken cancellationToken) =>
        store.LockedAsync<IReadOnlyList<FiringRecord>>(tables => [.. tables.Firings.Values.Select(f => f.Firing)
            .Where(f => f.Tenant == tenant && f.Schedule == schedule)
            .OrderByDescending(f => f.FireTime).ThenByDescending(f => f.Id)
            .Take(most)]);

    public Task<IReadOnlyList<FiringRecord>> RunningAsync(int most, CancellationToken cancellationToken) =>
        store.LockedAsync<IReadOnlyList<FiringRecord>>(tables => [.. tables.Firings.Values.Select(f => f.Firing).Where(f => f.State == FiringState.Running).OrderBy(f => f.CreatedAt).Take(most)]);

    public Task<bool> AnsweredAsync(Guid firing, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        if (!tables.Firings.TryGetValue(firing, out MemoryFiring? found) || found.Firing.State != FiringState.Running)
            return false;
        found.Firing = found.Firing with { State = FiringState.Delivering, AnsweredAt = tables.Now };
        found.LeaseUntil = null;
        return true;
    });

    public Task<ClaimedFiring?> ClaimAsync(TimeSpan lease, IReadOnlyList<string> fullTenants, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        MemoryFiring? due = tables.Firings.Values
            .Where(f => f.Open && f.Firing.State != FiringState.Running && !(f.LeaseUntil > tables.Now) && !fullTenants.Contains(f.Firing.Tenant)
                && (f.Firing.State != FiringState.Waiting || !tables.Firings.Values.Any(o => o.Open && o.Firing.Schedule == f.Firing.Schedule && o.Before(f))))
            .OrderBy(f => f.Firing.CreatedAt).ThenBy(f => f.Firing.Id)
            .FirstOrDefault();
        return due?.Claim(tables.Now + lease, [.. tables.Firings.Values
            .Where(f => f.Firing.Schedule == due.Firing.Schedule && !f.Firing.Manual && f.Firing.FireTime < due.Firing.FireTime)
            .OrderBy(f => f.Firing.FireTime)]);
    });

    public Task<bool> RecordAsync(FiringFence fence, FiringChange change, CancellationToken cancellationToken) =>
        store.LockedAsync(tables => tables.Firings.TryGetValue(fence.Firing, out MemoryFiring? firing) && firing.Record(fence, change, tables.Now));

    private static ScheduleRecord? Find(MemoryTables tables, string tenant, Guid id) => tables.Schedules.TryGetValue(id, out ScheduleRecord? schedule) && schedule.Tenant == tenant ? schedule : null;
}
