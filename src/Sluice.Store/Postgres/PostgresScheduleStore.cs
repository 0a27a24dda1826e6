using Npgsql;
using NpgsqlTypes;

namespace Sluice.Store.Postgres;

/// <summary>Schedules and firings in Postgres. Schedulers span tenants; what an owner asks for is under its own scope.</summary>
internal sealed class PostgresScheduleStore(Database database) : IScheduleStore
{
    public Task<ScheduleAdded> AddAsync(ScheduleRecord schedule, int most, CancellationToken cancellationToken) => database.AskAsync((connection, limit) => Database.InTransactionAsync(connection, async () =>
    {
        await using (Rows rows = await new Commands(connection).For(Scope.Of(schedule.Tenant))
            .Add(WebhookSql.Tenant, schedule.Tenant)
            .Add(WebhookSql.LockTenant, schedule.Tenant)
            .Add(ScheduleSql.Count, schedule.Tenant)
            .ReadAsync(limit))
        {
            if ((await rows.ListAsync(r => r.GetInt64(0), limit))[0] >= most)
                return ScheduleAdded.Full;
        }
        await using Rows added = await new Commands(connection).Add(ScheduleSql.Add, Values(schedule)).ReadAsync(limit);
        return (await added.ListAsync(r => r.GetGuid(0), limit)).Count > 0 ? ScheduleAdded.Added : ScheduleAdded.NameTaken;
    }, limit), cancellationToken);

    public async Task<IReadOnlyList<ScheduleRecord>> ListAsync(string tenant, CancellationToken cancellationToken) =>
        await AskAsync(Scope.Of(tenant), ScheduleSql.List, Schedule, cancellationToken, tenant);

    public Task<ScheduleRecord?> GetAsync(string tenant, Guid id, CancellationToken cancellationToken) => FirstAsync(tenant, ScheduleSql.Get, cancellationToken, tenant, id);

    public Task<ScheduleRecord?> FindAsync(string tenant, string name, CancellationToken cancellationToken) => FirstAsync(tenant, ScheduleSql.Find, cancellationToken, tenant, name);

    public async Task<ScheduleRecord?> UpdateAsync(ScheduleRecord schedule, CancellationToken cancellationToken)
    {
        try
        {
            return await FirstAsync(schedule.Tenant, ScheduleSql.Update, cancellationToken, [.. Values(schedule), schedule.Version]);
        }
        catch (PostgresException failure) when (failure is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "ux_schedules_name" })
        {
            throw new ScheduleNameTakenException(schedule.Name);
        }
    }

    public Task<ScheduleRecord?> PauseAsync(string tenant, Guid id, bool paused, CancellationToken cancellationToken) =>
        FirstAsync(tenant, ScheduleSql.Pause, cancellationToken, tenant, id, paused);

    public async Task<bool> DeleteAsync(string tenant, Guid id, CancellationToken cancellationToken) =>
        (await AskAsync(Scope.Of(tenant), ScheduleSql.Delete, r => r.GetGuid(0), cancellationToken, tenant, id)).Count > 0;

    public async Task<IReadOnlyList<ScheduleRecord>> ActiveAsync(CancellationToken cancellationToken) => await DispatchAsync(ScheduleSql.Active, Schedule, cancellationToken);

    public Task<FiringRecord?> FireAsync(FireRequest request, CancellationToken cancellationToken) => database.DispatchAsync((connection, limit) => Database.InTransactionAsync(connection, async () =>
    {
        List<(OverlapPolicy Overlap, bool Paused)> found;
        long open, waiting;
        await using (Rows rows = await new Commands(connection).For(Scope.All).Add(ScheduleSql.Lock, request.Schedule).Add(ScheduleSql.Open, request.Schedule).ReadAsync(limit))
        {
            found = await rows.ListAsync(r => ((OverlapPolicy)r.GetInt16(0), r.GetBoolean(1)), limit);
            await rows.NextAsync(limit);
            (open, waiting) = (await rows.ListAsync(r => (r.GetInt64(0), r.GetInt64(1)), limit))[0];
        }
        if (found is not [(OverlapPolicy overlap, bool paused)] || (paused && request.FireTime is not null))
            return null;
        FiringStart start = FiringStart.Of(overlap, (int)open, (int)waiting, request.MostWaiting);
        Commands commands = new Commands(connection).Add(ScheduleSql.Fire, request.Id, request.Schedule, Time(request.FireTime), Time(request.Deadline), (short)start.State, Text(start.Code), Text(start.Message));
        FiringRecord? firing;
        await using (Rows rows = await commands.ReadAsync(limit))
        {
            firing = (await rows.ListAsync(Firing, limit)) is [{ } one] ? one : null;
        }
        if (firing is null)
            return null;
        if (request.FireTime is { } time)
            await new Commands(connection).Add(ScheduleSql.NoteFired, request.Schedule, time.ToUniversalTime()).RunAsync(limit);
        if (start.CancelsOlder)
            await new Commands(connection).Add(ScheduleSql.CancelOlder, request.Schedule, request.Id).RunAsync(limit);
        return firing;
    }, limit), cancellationToken);

    public async Task<IReadOnlyList<FiringRecord>> FiringsAsync(string tenant, Guid schedule, int most, CancellationToken cancellationToken) =>
        await AskAsync(Scope.Of(tenant), ScheduleSql.Firings, Firing, cancellationToken, tenant, schedule, (long)most);

    public async Task<IReadOnlyList<FiringRecord>> RunningAsync(int most, CancellationToken cancellationToken) => await DispatchAsync(ScheduleSql.Running, Firing, cancellationToken, (long)most);

    public async Task<bool> AnsweredAsync(Guid firing, CancellationToken cancellationToken) => (await DispatchAsync(ScheduleSql.Answered, r => r.GetGuid(0), cancellationToken, firing)).Count > 0;

    public async Task<ClaimedFiring?> ClaimAsync(TimeSpan lease, IReadOnlyList<string> fullTenants, CancellationToken cancellationToken) =>
        (await DispatchAsync(ScheduleSql.Claim, Claimed, cancellationToken, lease, fullTenants.ToArray())) is [{ } one] ? one : null;

    public async Task<bool> RecordAsync(FiringFence fence, FiringChange change, CancellationToken cancellationToken) =>
        (await DispatchAsync(ScheduleSql.Record, r => r.GetGuid(0), cancellationToken,
            fence.Firing, fence.Claims, Parameters.Small((short?)change.State), Long(change.Rows), Long(change.Delivered), Text(change.SinkCursor), Text(change.ErrorCode), Text(change.ErrorMessage), change.Lease)).Count > 0;

    private Task<List<T>> AskAsync<T>(string scope, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object?[] parameters) =>
        database.AskAsync((connection, limit) => ReadAsync(connection, scope, sql, read, parameters, limit), cancellationToken);

    private Task<List<T>> DispatchAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object?[] parameters) =>
        database.DispatchAsync((connection, limit) => ReadAsync(connection, Scope.All, sql, read, parameters, limit), cancellationToken);

    private static async Task<List<T>> ReadAsync<T>(NpgsqlConnection connection, string scope, string sql, Func<NpgsqlDataReader, T> read, object?[] parameters, CancellationToken cancellationToken)
    {
        await using Rows rows = await new Commands(connection).For(scope).Add(sql, parameters).ReadAsync(cancellationToken);
        return await rows.ListAsync(read, cancellationToken);
    }

    private async Task<ScheduleRecord?> FirstAsync(string tenant, string sql, CancellationToken cancellationToken, params object?[] parameters) =>
        (await AskAsync(Scope.Of(tenant), sql, Schedule, cancellationToken, parameters)) is [{ } one] ? one : null;

    private static object?[] Values(ScheduleRecord schedule) =>
    [
        schedule.Id, schedule.Tenant, schedule.Name, schedule.Cron, schedule.TimeZone, schedule.Source, schedule.Request, schedule.Sink,
        new NpgsqlParameter { Value = (object?)schedule.FinishBy ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Time },
        new NpgsqlParameter { Value = (object?)schedule.FinishWithin ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Interval },
        (short)schedule.Overlap, (short)schedule.Misfire, schedule.Paused,
    ];

    private static ScheduleRecord Schedule(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Tenant = row.GetString(1),
        Name = row.GetString(2),
        Cron = row.GetString(3),
        TimeZone = row.GetString(4),
        Source = row.GetString(5),
        Request = row.GetString(6),
        Sink = row.GetString(7),
        FinishBy = row.IsDBNull(8) ? null : row.GetFieldValue<TimeOnly>(8),
        FinishWithin = row.IsDBNull(9) ? null : row.GetFieldValue<TimeSpan>(9),
        Overlap = (OverlapPolicy)row.GetInt16(10),
        Misfire = (MisfirePolicy)row.GetInt16(11),
        Paused = row.GetBoolean(12),
        Version = row.GetInt32(13),
        EffectiveFrom = row.Time(14),
        LastFireTime = row.TimeOrNull(15),
        CreatedAt = row.Time(16),
        UpdatedAt = row.Time(17),
    };

    private static FiringRecord Firing(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Tenant = row.GetString(1),
        Schedule = row.GetGuid(2),
        FireTime = row.Time(3),
        Manual = row.GetBoolean(4),
        State = (FiringState)row.GetInt16(5),
        Deadline = row.TimeOrNull(6),
        Rows = row.GetInt64(7),
        Delivered = row.GetInt64(8),
        ErrorCode = row.Text(9),
        ErrorMessage = row.Text(10),
        CreatedAt = row.Time(11),
        StagedAt = row.TimeOrNull(12),
        AnsweredAt = row.TimeOrNull(13),
        FinishedAt = row.TimeOrNull(14),
    };

    private static ClaimedFiring Claimed(NpgsqlDataReader row) => new()
    {
        Firing = Firing(row),
        Name = row.GetString(15),
        Source = row.GetString(16),
        Request = row.GetString(17),
        Sink = row.GetString(18),
        PreviousFireTime = row.TimeOrNull(19),
        SinkCursor = row.Text(20),
        Fence = new FiringFence(row.GetGuid(0), row.GetInt32(21)),
    };

    private static NpgsqlParameter Time(DateTimeOffset? value) => new() { Value = (object?)value?.ToUniversalTime() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz };

    private static NpgsqlParameter Text(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter Long(long? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint };
}
