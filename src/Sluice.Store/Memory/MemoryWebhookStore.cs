namespace Sluice.Store.Memory;

/// <summary>The webhooks of the memory store.</summary>
internal sealed class MemoryWebhookStore(MemoryJobStore store) : IWebhookStore
{
    public Task<bool> AddAsync(NewWebhookEndpoint endpoint, int most, CancellationToken cancellationToken) => store.LockedAsync(tables =>
        (endpoint.Url.Length == 0 || Listed(tables.Webhooks, endpoint.Tenant).Count() < most) && tables.Webhooks.Endpoints.TryAdd(endpoint.Id, new WebhookEndpoint
        {
            Id = endpoint.Id,
            Tenant = endpoint.Tenant,
            Url = endpoint.Url,
            Events = endpoint.Events,
            Secret = endpoint.Secret,
            CreatedAt = tables.Now,
        }));

    public Task<IReadOnlyList<WebhookEndpoint>> ListAsync(string tenant, CancellationToken cancellationToken) =>
        store.LockedAsync<IReadOnlyList<WebhookEndpoint>>(tables => [.. Listed(tables.Webhooks, tenant).OrderBy(e => e.CreatedAt).ThenBy(e => e.Id)]);

    public Task<WebhookEndpoint?> GetAsync(string tenant, Guid id, CancellationToken cancellationToken) => store.LockedAsync(tables => tables.Webhooks.Find(tenant, id));

    public Task<bool> DeleteAsync(string tenant, Guid id, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        if (tables.Webhooks.Find(tenant, id) is null)
            return false;
        tables.Webhooks.DropFor(id, DeliveryEnds.EndpointGone);
        return tables.Webhooks.Endpoints.Remove(id);
    });

    public Task<WebhookEndpoint?> RotateAsync(string tenant, Guid id, byte[] secret, TimeSpan overlap, CancellationToken cancellationToken) =>
        ChangeAsync(tenant, id, (endpoint, now) => endpoint with { Secret = secret, FormerSecret = endpoint.Secret, FormerUntil = now + overlap });

    public Task<WebhookEndpoint?> EnableAsync(string tenant, Guid id, CancellationToken cancellationToken) =>
        ChangeAsync(tenant, id, (endpoint, _) => endpoint with { DisabledAt = null, DisabledReason = null, FailingSince = null });

    public Task<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(string tenant, Guid endpoint, int most, CancellationToken cancellationToken) =>
        store.LockedAsync<IReadOnlyList<WebhookDelivery>>(tables => [.. tables.Webhooks.Deliveries.Values
            .Where(d => Belongs(d, tenant, endpoint))
            .OrderByDescending(d => d.CreatedAt).ThenBy(d => d.Id)
            .Take(most)
            .Select(d => d.Shown())]);

    public Task<WebhookDelivery?> ReplayAsync(string tenant, Guid endpoint, Guid delivery, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        if (!tables.Webhooks.Deliveries.TryGetValue(delivery, out MemoryDelivery? found) || !Belongs(found, tenant, endpoint))
            return null;
        found.State = DeliveryState.Pending;
        found.Attempts = 0;
        found.NextAt = tables.Now;
        found.DeliveredAt = null;
        tables.Webhooks.Pending.Add(found);
        return found.Shown();
    });

    public Task<IReadOnlyList<DueDelivery>> ClaimAsync(DeliveryClaim claim, Func<DeliveryFacts, byte[]> compose, CancellationToken cancellationToken) =>
        store.LockedAsync<IReadOnlyList<DueDelivery>>(tables =>
        {
            List<MemoryDelivery> due = [.. tables.Webhooks.Pending
                .Where(d => d.NextAt <= tables.Now && !claim.BusyTargets.Contains(d.Target) && !claim.BusyTenants.Contains(d.Tenant))
                .OrderBy(d => d.NextAt)
                .GroupBy(d => d.Target)
                .SelectMany(g => g.Take(claim.Probes.Contains(g.Key) ? 1 : claim.PerTarget))
                .OrderBy(d => d.NextAt)
                .GroupBy(d => d.Tenant)
                .SelectMany(g => g.Take(claim.PerTenant))
                .OrderBy(d => d.NextAt)
                .Take(claim.Most)];
            return [.. due.Select(d => Take(tables, d, claim.Lease, compose)).OfType<DueDelivery>()];
        });

    public Task<DeliveryRecorded> RecordAsync(DeliveryReport report, TimeSpan disableAfter, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        MemoryWebhooks webhooks = tables.Webhooks;
        if (!webhooks.Deliveries.TryGetValue(report.Delivery, out MemoryDelivery? delivery) || delivery.State != DeliveryState.Pending || delivery.Attempts != report.Attempt)
            return DeliveryRecorded.Stale;
        delivery.LastStatus = report.Status;
        delivery.LastError = report.Error;
        delivery.NextAt = tables.Now + report.Delay;
        delivery.DeliveredAt = report.State == DeliveryState.Delivered ? tables.Now : null;
        if (report.State != DeliveryState.Pending)
            webhooks.End(delivery, report.State, report.Error);
        if (delivery.Endpoint is not { } id || !webhooks.Endpoints.TryGetValue(id, out WebhookEndpoint? endpoint) || endpoint.DisabledAt is not null)
            return DeliveryRecorded.Written;
        if (report.State == DeliveryState.Delivered)
        {
            webhooks.Endpoints[id] = endpoint with { FailingSince = null };
            return DeliveryRecorded.Written;
        }
        DateTimeOffset since = endpoint.FailingSince ?? tables.Now;
        bool disable = report.Gone || (endpoint.FailingSince is not null && since <= tables.Now - disableAfter);
        webhooks.Endpoints[id] = endpoint with
        {
            FailingSince = since,
            DisabledAt = disable ? tables.Now : null,
            DisabledReason = !disable ? null : report.Gone ? DeliveryEnds.Gone : DeliveryEnds.Failing,
        };
        if (disable)
            webhooks.DropFor(id, DeliveryEnds.EndpointDisabled);
        return disable ? DeliveryRecorded.Disabled : DeliveryRecorded.Written;
    });

    private static DueDelivery? Take(MemoryTables tables, MemoryDelivery delivery, TimeSpan lease, Func<DeliveryFacts, byte[]> compose)
    {
        WebhookEndpoint? endpoint = tables.Webhooks.Endpoints.GetValueOrDefault(delivery.Endpoint ?? WebhookEndpoint.OfJobs(delivery.Tenant));
        if (delivery.Endpoint is not null && (endpoint is null || endpoint.DisabledAt is not null))
        {
            tables.Webhooks.End(delivery, DeliveryState.Dropped, endpoint is null ? DeliveryEnds.EndpointGone : DeliveryEnds.EndpointDisabled);
            return null;
        }
        delivery.Attempts++;
        delivery.NextAt = tables.Now + lease;
        delivery.Body ??= compose(delivery.Facts);
        byte[]? former = endpoint?.FormerUntil > tables.Now ? endpoint.FormerSecret : null;
        return new DueDelivery
        {
            Id = delivery.Id,
            Tenant = delivery.Tenant,
            Endpoint = delivery.Endpoint,
            Url = delivery.Url,
            Body = delivery.Body,
            Attempt = delivery.Attempts,
            Secrets = endpoint is null ? [] : former is null ? [endpoint.Secret] : [endpoint.Secret, former],
            Target = delivery.Target,
        };
    }

    private Task<WebhookEndpoint?> ChangeAsync(string tenant, Guid id, Func<WebhookEndpoint, DateTimeOffset, WebhookEndpoint> change) => store.LockedAsync(tables =>
    {
        if (tables.Webhooks.Find(tenant, id) is not { } endpoint)
            return null;
        return tables.Webhooks.Endpoints[id] = change(endpoint, tables.Now);
    });

    private static IEnumerable<WebhookEndpoint> Listed(MemoryWebhooks webhooks, string tenant) => webhooks.Endpoints.Values.Where(e => e.Tenant == tenant && e.Url.Length > 0);

    private static bool Belongs(MemoryDelivery delivery, string tenant, Guid endpoint) =>
        delivery.Tenant == tenant && (delivery.Endpoint ?? WebhookEndpoint.OfJobs(tenant)) == endpoint;
}
