namespace Sluice.Store.Schema;

/// <summary>Where a tenant wants to be told. Two secrets during rotation, both encrypted.</summary>
internal sealed class WebhookEndpointRow
{
    public Guid Id { get; set; }
    public required string Tenant { get; set; }
    public required string Url { get; set; }

    /// <summary>Empty: all.</summary>
    public required string[] Events { get; set; }
    public required byte[] Secret { get; set; }
    public byte[]? FormerSecret { get; set; }
    public DateTimeOffset? FormerUntil { get; set; }
    public DateTimeOffset? FailingSince { get; set; }
    public DateTimeOffset? DisabledAt { get; set; }
    public string? DisabledReason { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>One event for one receiver: written with the end of a job or a submission, sent at least once, always the same bytes.</summary>
internal sealed class WebhookDeliveryRow
{
    public Guid Id { get; set; }
    public required string Tenant { get; set; }

    /// <summary>Either this or <see cref="Submission"/>.</summary>
    public Guid? Job { get; set; }
    public Guid? Submission { get; set; }

    /// <summary>Null: the job's own URL.</summary>
    public Guid? Endpoint { get; set; }
    public required string Url { get; set; }
    public required string Event { get; set; }

    /// <summary>What is sent; set at the first attempt.</summary>
    public byte[]? Body { get; set; }
    public DeliveryState State { get; set; }
    public int Attempts { get; set; }
    public DateTimeOffset NextAt { get; set; }
    public int? LastStatus { get; set; }
    public string? LastError { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? DeliveredAt { get; set; }
    public DateTimeOffset ExpiresAt { get; set; }
}
