using Sluice.Jobs;
using Sluice.Service.Submissions;
using Sluice.Store;

namespace Sluice.Service.Webhooks;

/// <summary>An endpoint as its owner sees it.</summary>
internal sealed record WebhookView
{
    /// <summary><c>whk_</c> and 32 hex digits; <c>jobs</c> for the secret of the jobs' own webhooks.</summary>
    public required string Id { get; init; }
    public string Object { get; init; } = "webhook";
    public string? Url { get; init; }

    /// <summary>Absent: all.</summary>
    public IReadOnlyList<string>? Events { get; init; }

    /// <summary><c>active</c> or <c>disabled</c>.</summary>
    public required string State { get; init; }

    /// <summary><c>gone</c> (the receiver said 410) or <c>failing</c>.</summary>
    public string? DisabledReason { get; init; }
    public DateTimeOffset? DisabledAt { get; init; }
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>Until then the secret before the last rotation signs too.</summary>
    public DateTimeOffset? FormerUntil { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary><c>whsec_…</c>; only in the answer that made it.</summary>
    public string? Secret { get; init; }
}

internal sealed record WebhookPage(IReadOnlyList<WebhookView> Data);

/// <summary>A delivery as its owner sees it.</summary>
internal sealed record WebhookDeliveryView
{
    /// <summary>The webhook-id of every attempt.</summary>
    public required string Id { get; init; }
    public string Object { get; init; } = "webhook_delivery";
    public required string Type { get; init; }
    /// <summary>Either this or <see cref="Submission"/>.</summary>
    public JobId? Job { get; init; }
    public string? Submission { get; init; }
    public required string Url { get; init; }

    /// <summary><c>pending</c>, <c>delivered</c>, <c>exhausted</c> or <c>dropped</c>.</summary>
    public required string State { get; init; }
    public required int Attempts { get; init; }
    public int? LastStatus { get; init; }
    public string? LastError { get; init; }

    /// <summary>With pending.</summary>
    public DateTimeOffset? NextAt { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? DeliveredAt { get; init; }
}

internal sealed record WebhookDeliveryPage(IReadOnlyList<WebhookDeliveryView> Data);

/// <summary>Between stored and shown.</summary>
internal static class WebhookViews
{
    public const string Prefix = "whk_";

    /// <summary>The name under which a tenant's secret for its jobs' own webhooks is rotated and its deliveries are listed.</summary>
    public const string OfJobs = "jobs";
    private const string EventPrefix = "evt_";

    /// <summary>The endpoint that a path names; null where it names none.</summary>
    public static Guid? Id(string tenant, string text) =>
        text == OfJobs ? WebhookEndpoint.OfJobs(tenant)
        : text.StartsWith(Prefix, StringComparison.Ordinal) && Guid.TryParseExact(text.AsSpan(Prefix.Length), "N", out Guid id) ? id : null;

    public static Guid? DeliveryId(string text) =>
        text.StartsWith(EventPrefix, StringComparison.Ordinal) && Guid.TryParseExact(text.AsSpan(EventPrefix.Length), "N", out Guid id) ? id : null;

    public static WebhookView Of(WebhookEndpoint endpoint, byte[]? secret = null)
    {
        bool ofJobs = endpoint.Id == WebhookEndpoint.OfJobs(endpoint.Tenant);
        return new WebhookView
        {
            Id = ofJobs ? OfJobs : $"{Prefix}{endpoint.Id:N}",
            Url = ofJobs ? null : endpoint.Url,
            Events = ofJobs || endpoint.Events.Count == 0 ? null : endpoint.Events,
            State = endpoint.DisabledAt is null ? "active" : "disabled",
            DisabledReason = endpoint.DisabledReason,
            DisabledAt = endpoint.DisabledAt,
            FailingSince = endpoint.FailingSince,
            FormerUntil = endpoint.FormerUntil,
            CreatedAt = endpoint.CreatedAt,
            Secret = secret is null ? null : WebhookSecret.Text(secret),
        };
    }

    public static WebhookDeliveryView Of(WebhookDelivery delivery) => new()
    {
        Id = DeliveryRunner.EventId(delivery.Id),
        Type = delivery.Event,
        Job = delivery.Job,
        Submission = delivery.Submission is { } submission ? SubmissionIds.Text(submission) : null,
        Url = delivery.Url,
        State = delivery.State.ToString().ToLowerInvariant(),
        Attempts = delivery.Attempts,
        LastStatus = delivery.LastStatus,
        LastError = delivery.LastError,
        NextAt = delivery.State == DeliveryState.Pending ? delivery.NextAt : null,
        CreatedAt = delivery.CreatedAt,
        DeliveredAt = delivery.DeliveredAt,
    };
}
