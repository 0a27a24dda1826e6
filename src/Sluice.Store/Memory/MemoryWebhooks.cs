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
            Add(new MemoryDelivery(job, null, url, name, now));
        foreach (WebhookEndpoint endpoint in Endpoints.Values.Where(e => e.Tenant == job.Tenant && e.DisabledAt is null && Wants(e.Events, name)))
            Add(new MemoryDelivery(job, endpoint.Id, endpoint.Url, name, now));
    }

    /// <summary>The endpoints of a submission's tenant that want its end.</summary>
    public void Ended(MemorySubmission submission, string name, DateTimeOffset now)
    {
        foreach (WebhookEndpoint endpoint in Endpoints.Values.Where(e => e.Tenant == submission.Record.Tenant && e.DisabledAt is null && e.Url.Length > 0 && (e.Events.Count == 0 || e.Events.Contains(name))))
            Add(new MemoryDelivery(submission, endpoint.Id, endpoint.Url, name, now));
    }

    public void End(MemoryDelivery delivery, DeliveryState state, string? error)
    {
        delivery.State = state;
        delivery.LastError = error;
        Pending.Remove(delivery);
    }

    public void Remove(MemoryDelivery delivery)
    {
        Pending.Remove(delivery);
        Deliveries.Remove(delivery.Id);
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
        foreach (MemoryDelivery delivery in Deliveries.Values.Where(d => d.Job?.Id == job))
            delivery.Body = null;
    }

    private void Add(MemoryDelivery delivery)
    {
        Deliveries.Add(delivery.Id, delivery);
        Pending.Add(delivery);
    }

    private static bool Wants(IReadOnlyList<string>? events, string name) => events is null or { Count: 0 } || events.Contains(name) || events.Contains("job.finished");
}

/// <summary>One event for one receiver.</summary>
internal sealed class MemoryDelivery(string tenant, Guid? endpoint, string url, string name, DateTimeOffset now)
{
    public MemoryDelivery(MemoryJob job, Guid? endpoint, string url, string name, DateTimeOffset now)
        : this(job.Tenant, endpoint, url, name, now) => Job = job;

    public MemoryDelivery(MemorySubmission submission, Guid endpoint, string url, string name, DateTimeOffset now)
        : this(submission.Record.Tenant, endpoint, url, name, now) => Submission = submission;

    public Guid Id { get; } = Guid.NewGuid();
    public string Tenant { get; } = tenant;

    /// <summary>Either this or <see cref="Submission"/>.</summary>
    public MemoryJob? Job { get; }
    public MemorySubmission? Submission { get; }
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
    public string Target { get; } = endpoint?.ToString() ?? $"{tenant} {url.Split('/', 4).ElementAtOrDefault(2)?.Split('?')[0].ToLowerInvariant()}";

    public DeliveryFacts Facts => Job is { } job
        ? new DeliveryFacts(Id, job.Id, Event, job.State, job.FinishedAt ?? CreatedAt, job.Input?.CustomId, job.Error?.Code)
        : new DeliveryFacts(Id, default, Event, default, Submission!.Record.FinishedAt ?? CreatedAt, null, null, Submission.Record);

    public WebhookDelivery Shown() => new()
    {
        Id = Id,
        Job = Job?.Id,
        Submission = Submission?.Record.Id,
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
