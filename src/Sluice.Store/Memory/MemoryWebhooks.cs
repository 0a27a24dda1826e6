using Sluice.Jobs;

namespace Sluice.Store.Memory;

/// <summary>Endpoints and deliveries of the memory store. Every member is called under the store's lock.</summary>
internal sealed class MemoryWebhooks
{
    public Dictionary<Guid, WebhookEndpoint> Endpoints { get; } = [];
    public Dictionary<Guid, MemoryDelivery> Deliveries { get; } = [];

    /// <summary>Deliveries that are to be sent.</summary>
    public HashSet<MemoryDelivery> Pending { get; } = [];

    public WebhookEndpoint? Find(string tenant, Guid id) => Endpoints.TryGetValue(id, out WebhookEndpoint? endpoint) && endpoint.Tenant == tenant ? endpoint : null;

    /// <summary>The job's own webhook and its tenant's endpoints, where they want this end.</summary>
    public void Ended(MemoryJob job, DateTimeOffset now)
    {
        string name = $"job.{job.State.ToString().ToLowerInvariant()}";
        if (job.Input?.Request.Webhook is { Url: { } url } own && Wants(own.Events, name))
            Add(job, null, url, name, now);
        foreach (WebhookEndpoint endpoint in Endpoints.Values.Where(e => e.Tenant == job.Tenant && e.DisabledAt is null && Wants(e.Events, name)))
            Add(job, endpoint.Id, endpoint.Url, name, now);
    }

    public void End(MemoryDelivery delivery, DeliveryState state, string? error)
    {
        delivery.State = state;
        delivery.LastError = error;
        Pending.Remove(delivery);
    }

    /// <summary>What waits for an endpoint waits in vain.</summary>
    public void DropFor(Guid endpoint, string error)
    {
        foreach (MemoryDelivery delivery in Pending.Where(d => d.Endpoint == endpoint).ToList())
            End(delivery, DeliveryState.Dropped, error);
    }

    /// <summary>The bodies of an erased job hold what its sender called it.</summary>
    public void Erase(JobId job)
    {
        foreach (MemoryDelivery delivery in Deliveries.Values.Where(d => d.Job.Id == job))
            delivery.Body = null;
    }

    private void Add(MemoryJob job, Guid? endpoint, string url, string name, DateTimeOffset now)
    {
        MemoryDelivery delivery = new(job, endpoint, url, name, now);
        Deliveries.Add(delivery.Id, delivery);
        Pending.Add(delivery);
    }

    private static bool Wants(IReadOnlyList<string>? events, string name) => events is null or { Count: 0 } || events.Contains(name) || events.Contains("job.finished");
}

/// <summary>One event for one receiver.</summary>
internal sealed class MemoryDelivery(MemoryJob job, Guid? endpoint, string url, string name, DateTimeOffset now)
{
    public Guid Id { get; } = Guid.NewGuid();
    public MemoryJob Job { get; } = job;
    public Guid? Endpoint { get; } = endpoint;
    public string Url { get; } = url;
    public string Event { get; } = name;
    public DateTimeOffset CreatedAt { get; } = now;
    public byte[]? Body { get; set; }
    public DeliveryState State { get; set; }
    public int Attempts { get; set; }
    public DateTimeOffset NextAt { get; set; } = now;
    public int? LastStatus { get; set; }
    public string? LastError { get; set; }
    public DateTimeOffset? DeliveredAt { get; set; }

    /// <summary>As in SQL: the endpoint, or tenant and host.</summary>
    public string Target { get; } = endpoint?.ToString() ?? $"{job.Tenant} {url.Split('/', 4).ElementAtOrDefault(2)?.Split('?')[0].ToLowerInvariant()}";

    public DeliveryFacts Facts => new(Id, Job.Id, Event, Job.State, Job.FinishedAt ?? CreatedAt, Job.Input?.CustomId, Job.Error?.Code);

    public WebhookDelivery Shown() => new()
    {
        Id = Id,
        Job = Job.Id,
        Url = Url,
        Event = Event,
        State = State,
        Attempts = Attempts,
        NextAt = NextAt,
        LastStatus = LastStatus,
        LastError = LastError,
        CreatedAt = CreatedAt,
        DeliveredAt = DeliveredAt,
    };
}
