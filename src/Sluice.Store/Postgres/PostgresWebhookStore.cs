using Npgsql;
using NpgsqlTypes;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

/// <summary>Webhooks in Postgres. Senders span tenants; what an owner asks for is under its own scope.</summary>
internal sealed class PostgresWebhookStore(Database database) : IWebhookStore
{
    /// <summary>Column of <see cref="WebhookSql.Due"/>.</summary>
    private const int FirstOfSubmission = 18;

    public Task<bool> AddAsync(NewWebhookEndpoint endpoint, int most, CancellationToken cancellationToken) => database.AskAsync(async (connection, limit) =>
    {
        await using Rows rows = await new Commands(connection).For(Scope.Of(endpoint.Tenant))
            .Add(WebhookSql.Tenant, endpoint.Tenant)
            .Add(WebhookSql.LockTenant, endpoint.Tenant)
            .Add(WebhookSql.Add, endpoint.Id, endpoint.Tenant, endpoint.Url, endpoint.Events.ToArray(), endpoint.Secret, (long)most)
            .ReadAsync(limit);
        return (await rows.ListAsync(r => r.GetGuid(0), limit)).Count > 0;
    }, cancellationToken);

    public async Task<IReadOnlyList<WebhookEndpoint>> ListAsync(string tenant, CancellationToken cancellationToken) =>
        await AskAsync(tenant, WebhookSql.List, Endpoint, cancellationToken, tenant);

    public Task<WebhookEndpoint?> GetAsync(string tenant, Guid id, CancellationToken cancellationToken) => FirstAsync(tenant, WebhookSql.Get, Endpoint, cancellationToken, tenant, id);

    public Task<bool> DeleteAsync(string tenant, Guid id, CancellationToken cancellationToken) => database.AskAsync(async (connection, limit) =>
    {
        await using Rows rows = await new Commands(connection).For(Scope.Of(tenant))
            .Add(WebhookSql.Delete, tenant, id)
            .Add(WebhookSql.DropFor, tenant, id, DeliveryEnds.EndpointGone, (long)WebhookSql.MostDropped)
            .ReadAsync(limit);
        return (await rows.ListAsync(r => r.GetGuid(0), limit)).Count > 0;
    }, cancellationToken);

    public Task<WebhookEndpoint?> RotateAsync(string tenant, Guid id, byte[] secret, TimeSpan overlap, CancellationToken cancellationToken) =>
        FirstAsync(tenant, WebhookSql.Rotate, Endpoint, cancellationToken, tenant, id, secret, overlap);

    public Task<WebhookEndpoint?> EnableAsync(string tenant, Guid id, CancellationToken cancellationToken) =>
        FirstAsync(tenant, WebhookSql.Enable, Endpoint, cancellationToken, tenant, id);

    public async Task<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(string tenant, Guid endpoint, int most, CancellationToken cancellationToken) =>
        await AskAsync(tenant, endpoint == WebhookEndpoint.OfJobs(tenant) ? WebhookSql.JobDeliveries : WebhookSql.Deliveries, Delivery, cancellationToken, tenant, endpoint, (long)most);

    public Task<WebhookDelivery?> ReplayAsync(string tenant, Guid endpoint, Guid delivery, CancellationToken cancellationToken) =>
        FirstAsync(tenant, WebhookSql.Replay, Delivery, cancellationToken, tenant, Parameters.Id(endpoint == WebhookEndpoint.OfJobs(tenant) ? null : endpoint), delivery);

    public async Task<IReadOnlyList<DueDelivery>> ClaimAsync(DeliveryClaim claim, Func<DeliveryFacts, byte[]> compose, CancellationToken cancellationToken) =>
        await database.DispatchAsync((connection, limit) => Database.InTransactionAsync(connection, async () =>
        {
            List<Found> found;
            await using (Rows rows = await new Commands(connection).For(Scope.All).Add(WebhookSql.ByIndex)
                .Add(WebhookSql.Due, (long)claim.Most, (long)claim.PerTarget, claim.BusyTargets.ToArray(), claim.Probes.ToArray(), claim.BusyTenants.ToArray(), (long)claim.PerTenant)
                .ReadAsync(limit))
            {
                found = await rows.ListAsync(row => Read(row, compose), limit);
            }
            if (found.Count == 0)
                return [];
            List<Found> dropped = [.. found.Where(f => f.Dropped is not null)];
            List<DueDelivery> due = [.. found.Select(f => f.Due).OfType<DueDelivery>()];
            Commands commands = new(connection);
            if (dropped.Count > 0)
                commands.Add(WebhookSql.Drop, dropped.Select(f => f.Id).ToArray(), dropped.Select(f => f.Dropped!).ToArray());
            // what else waits for these endpoints waits in vain too, and in the way of others
            Found[] dead = [.. dropped.Where(f => f.Dead is not null).DistinctBy(f => f.Dead)];
            foreach (Found one in dead)
            {
                commands.Add(WebhookSql.DropFor, one.Tenant, one.Dead!.Value, one.Dropped!, (long)(WebhookSql.MostDropped / dead.Length));
            }
            if (due.Count > 0)
            {
                NpgsqlParameter bodies = new() { Value = due.Select(d => d.Body).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };
                commands.Add(WebhookSql.Take, due.Select(d => d.Id).ToArray(), bodies, claim.Lease);
            }
            await commands.RunAsync(limit);
            return due;
        }, limit), cancellationToken);

    public Task<DeliveryRecorded> RecordAsync(DeliveryReport report, TimeSpan disableAfter, CancellationToken cancellationToken) =>
        database.DispatchAsync((connection, limit) => Database.InTransactionAsync(connection, async () =>
        {
            List<(string Tenant, Guid? Endpoint)> written;
            await using (Rows rows = await new Commands(connection).For(Scope.All)
                .Add(WebhookSql.Record, report.Delivery, report.Attempt, (short)report.State, report.Status ?? -1, report.Error ?? "", report.Delay)
                .ReadAsync(limit))
            {
                written = await rows.ListAsync(r => (r.GetString(0), r.Id(1)), limit);
            }
            if (written.Count == 0)
                return DeliveryRecorded.Stale;
            (string tenant, Guid? endpoint) = written[0];
            if (endpoint is not { } id)
                return DeliveryRecorded.Written;
            if (report.State == DeliveryState.Delivered)
            {
                await new Commands(connection).Add(WebhookSql.Succeeded, id).RunAsync(limit);
                return DeliveryRecorded.Written;
            }
            bool disabled;
            await using (Rows rows = await new Commands(connection).Add(WebhookSql.Failed, id, report.Gone, disableAfter).ReadAsync(limit))
            {
                disabled = (await rows.ListAsync(r => r.GetBoolean(0), limit)) is [true];
            }
            if (disabled)
                await new Commands(connection).Add(WebhookSql.DropFor, tenant, id, DeliveryEnds.EndpointDisabled, (long)WebhookSql.MostDropped).RunAsync(limit);
            return disabled ? DeliveryRecorded.Disabled : DeliveryRecorded.Written;
        }, limit), cancellationToken);

    private Task<List<T>> AskAsync<T>(string tenant, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object?[] parameters) =>
        database.AskAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.Of(tenant)).Add(sql, parameters).ReadAsync(limit);
            return await rows.ListAsync(read, limit);
        }, cancellationToken);

    private async Task<T?> FirstAsync<T>(string tenant, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object?[] parameters)
        where T : class
    {
        List<T> found = await AskAsync(tenant, sql, read, cancellationToken, parameters);
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>A row of <see cref="WebhookSql.Due"/>: to be sent, or why not.</summary>
    private static Found Read(NpgsqlDataReader row, Func<DeliveryFacts, byte[]> compose)
    {
        Guid id = row.GetGuid(0);
        Guid? endpoint = row.Id(3);
        byte[]? body = Bytes(row, 6), secret = Bytes(row, 14), former = Bytes(row, 15);
        if (endpoint is not null && (secret is null || row.GetBoolean(16)))
            return new Found(id, row.GetString(1), null, secret is null ? DeliveryEnds.EndpointGone : DeliveryEnds.EndpointDisabled, endpoint);
        bool ofSubmission = !row.IsDBNull(17);
        if (body is null && row.IsDBNull(ofSubmission ? FirstOfSubmission : 10))
            return new Found(id, row.GetString(1), null, DeliveryEnds.JobGone);
        body ??= compose(ofSubmission ? FactsOfSubmission(row) : new DeliveryFacts(
            id, new JobId(row.GetGuid(2)), row.GetString(5), (JobState)row.GetInt16(10), row.TimeOrNull(11) ?? row.Time(9), row.Text(12), row.Text(13)));
        DueDelivery due = new()
        {
            Id = id,
            Tenant = row.GetString(1),
            Endpoint = endpoint,
            Url = row.GetString(4),
            Body = body,
            Attempt = row.GetInt32(7),
            Secrets = secret is null ? [] : former is null ? [secret] : [secret, former],
            Target = row.GetString(8),
        };
        return new Found(id, due.Tenant, due, null);
    }

    private static DeliveryFacts FactsOfSubmission(NpgsqlDataReader row)
    {
        SubmissionRecord submission = SubmissionRows.Read(row, FirstOfSubmission);
        return new DeliveryFacts(row.GetGuid(0), default, row.GetString(5), default, submission.FinishedAt ?? row.Time(9), null, null, submission);
    }

    private static WebhookEndpoint Endpoint(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Tenant = row.GetString(1),
        Url = row.GetString(2),
        Events = row.GetFieldValue<string[]>(3),
        Secret = row.GetFieldValue<byte[]>(4),
        FormerSecret = Bytes(row, 5),
        FormerUntil = row.TimeOrNull(6),
        FailingSince = row.TimeOrNull(7),
        DisabledAt = row.TimeOrNull(8),
        DisabledReason = row.Text(9),
        CreatedAt = row.Time(10),
    };

    private static WebhookDelivery Delivery(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Job = row.Id(1) is { } job ? new JobId(job) : null,
        Submission = row.Id(11),
        Url = row.GetString(2),
        Event = row.GetString(3),
        State = (DeliveryState)row.GetInt16(4),
        Attempts = row.GetInt32(5),
        NextAt = row.Time(6),
        LastStatus = row.IsDBNull(7) ? null : row.GetInt32(7),
        LastError = row.Text(8),
        CreatedAt = row.Time(9),
        DeliveredAt = row.TimeOrNull(10),
    };

    private static byte[]? Bytes(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<byte[]>(column);

    /// <param name="Id">Of the delivery.</param>
    /// <param name="Tenant">Whose it is.</param>
    /// <param name="Due">To be sent.</param>
    /// <param name="Dropped">Why it is not.</param>
    /// <param name="Dead">The endpoint where that is why.</param>
    private sealed record Found(Guid Id, string Tenant, DueDelivery? Due, string? Dropped, Guid? Dead = null);
}
