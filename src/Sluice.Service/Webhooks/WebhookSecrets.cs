using Sluice.Store;

namespace Sluice.Service.Webhooks;

/// <summary>Secrets between their stored and their plain form.</summary>
internal sealed class WebhookSecrets(IWebhookStore store, SecretBox box)
{
    /// <summary>The plain keys that sign a delivery, newest first. A tenant's secret for its jobs' own URLs is made when it is first needed.</summary>
    public async Task<IReadOnlyList<byte[]>> OfAsync(DueDelivery due, CancellationToken cancellationToken)
    {
        IReadOnlyList<byte[]> boxes = due.Secrets.Count > 0 || due.Endpoint is not null ? due.Secrets : [(await OfJobsAsync(due.Tenant, cancellationToken)).Secret];
        Guid id = due.Endpoint ?? WebhookEndpoint.OfJobs(due.Tenant);
        return [.. boxes.Select(closed => box.Open(closed, due.Tenant, id))];
    }

    /// <summary>Gives the endpoint a new secret; the one before it signs on for <paramref name="overlap"/>. Null: no such endpoint.</summary>
    public async Task<(WebhookEndpoint Endpoint, byte[] Secret)?> RotateAsync(string tenant, Guid id, TimeSpan overlap, CancellationToken cancellationToken)
    {
        byte[] secret = WebhookSecret.New(), closed = box.Seal(secret, tenant, id);
        if (id == WebhookEndpoint.OfJobs(tenant) && await AddOfJobsAsync(tenant, closed, cancellationToken))
        {
            return await store.GetAsync(tenant, id, cancellationToken) is { } made ? (made, secret) : null;
        }
        return await store.RotateAsync(tenant, id, closed, overlap, cancellationToken) is { } rotated ? (rotated, secret) : null;
    }

    private async Task<WebhookEndpoint> OfJobsAsync(string tenant, CancellationToken cancellationToken)
    {
        Guid id = WebhookEndpoint.OfJobs(tenant);
        await AddOfJobsAsync(tenant, box.Seal(WebhookSecret.New(), tenant, id), cancellationToken);
        return await store.GetAsync(tenant, id, cancellationToken) ?? throw new InvalidOperationException($"The secret of tenant {tenant}'s job webhooks was stored and is not there.");
    }

    private Task<bool> AddOfJobsAsync(string tenant, byte[] closed, CancellationToken cancellationToken) =>
        store.AddAsync(new NewWebhookEndpoint(WebhookEndpoint.OfJobs(tenant), tenant, "", [WebhookEndpoint.OfJobsEvent], closed), 0, cancellationToken);
}
