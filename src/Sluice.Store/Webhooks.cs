using System.Security.Cryptography;
using System.Text;
using Sluice.Jobs;

namespace Sluice.Store;

/// <summary>An endpoint to be stored.</summary>
/// <param name="Id">UUIDv7, or <see cref="WebhookEndpoint.OfJobs"/>.</param>
/// <param name="Tenant">Owner.</param>
/// <param name="Url">Empty with <see cref="WebhookEndpoint.OfJobs"/>.</param>
/// <param name="Events">Empty: all.</param>
/// <param name="Secret">Encrypted.</param>
public sealed record NewWebhookEndpoint(Guid Id, string Tenant, string Url, IReadOnlyList<string> Events, byte[] Secret);

/// <summary>Where a tenant wants to be told. Two secrets during rotation, both encrypted.</summary>
public sealed record WebhookEndpoint
{
    /// <summary>What the endpoint of <see cref="OfJobs"/> listens to: no job's end has this name, so nothing is ever sent to it.</summary>
    public const string OfJobsEvent = "webhook.of_job";

    public required Guid Id { get; init; }
    public required string Tenant { get; init; }
    public required string Url { get; init; }

    /// <summary>Empty: all.</summary>
    public required IReadOnlyList<string> Events { get; init; }
    public required byte[] Secret { get; init; }
    public byte[]? FormerSecret { get; init; }

    /// <summary>Until then <see cref="FormerSecret"/> signs too.</summary>
    public DateTimeOffset? FormerUntil { get; init; }

    /// <summary>First of the failures since the last success.</summary>
    public DateTimeOffset? FailingSince { get; init; }
    public DateTimeOffset? DisabledAt { get; init; }
    public string? DisabledReason { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The id under which a tenant's secret for the jobs' own webhooks is kept; a UUIDv8 of the tenant's name.</summary>
    public static Guid OfJobs(string tenant)
    {
        byte[] bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"sluice webhooks of jobs\n{tenant}"))[..16];
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}

/// <summary>Where a delivery stands.</summary>
public enum DeliveryState
{
    Pending = 0,
    Delivered = 1,

    /// <summary>The last attempt failed.</summary>
    Exhausted = 2,

    /// <summary>Not to be sent any more: refused address, endpoint gone or disabled.</summary>
    Dropped = 3,
}

/// <summary>One event for one receiver, as its owner sees it.</summary>
public sealed record WebhookDelivery
{
    public required Guid Id { get; init; }

    /// <summary>Either this or <see cref="Submission"/>: whose end it tells.</summary>
    public JobId? Job { get; init; }
    public Guid? Submission { get; init; }
    public required string Url { get; init; }
    public required string Event { get; init; }
    public required DeliveryState State { get; init; }
    public required int Attempts { get; init; }

    /// <summary>When it is due, while pending.</summary>
    public required DateTimeOffset NextAt { get; init; }
    public int? LastStatus { get; init; }
    public string? LastError { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? DeliveredAt { get; init; }
}

/// <summary>What a sender asks for.</summary>
public sealed record DeliveryClaim
{
    public required int Most { get; init; }

    /// <summary>Most for one target at a time.</summary>
    public required int PerTarget { get; init; }

    /// <summary>Most for one tenant in this claim.</summary>
    public int PerTenant { get; init; } = int.MaxValue;
    public required TimeSpan Lease { get; init; }

    /// <summary>Targets (<see cref="DueDelivery.Target"/>) that are left out.</summary>
    public IReadOnlyList<string> BusyTargets { get; init; } = [];

    /// <summary>Targets of which one delivery is taken, to see whether they answer again.</summary>
    public IReadOnlyList<string> Probes { get; init; } = [];
    public IReadOnlyList<string> BusyTenants { get; init; } = [];
}

/// <summary>What a body is made of: the end of a job or, with <paramref name="Submission"/>, of a submission; then the members of a job mean nothing.</summary>
public sealed record DeliveryFacts(
    Guid Delivery, JobId Job, string Event, JobState State, DateTimeOffset FinishedAt, string? CustomId, string? ErrorCode, SubmissionRecord? Submission = null);

/// <summary>A delivery that is this sender's for one attempt.</summary>
public sealed record DueDelivery
{
    public required Guid Id { get; init; }
    public required string Tenant { get; init; }

    /// <summary>Null: the job's own URL.</summary>
    public required Guid? Endpoint { get; init; }
    public required string Url { get; init; }
    public required byte[] Body { get; init; }

    /// <summary>This attempt, from 1: the fence of its report.</summary>
    public required int Attempt { get; init; }

    /// <summary>Encrypted secrets that sign now, the newest first; empty where the tenant has none yet (jobs' own URLs only).</summary>
    public required IReadOnlyList<byte[]> Secrets { get; init; }

    /// <summary>Deliveries of one target hold up one another: the endpoint, or tenant and host of a job's own URL.</summary>
    public required string Target { get; init; }
}

/// <summary>How an attempt ended.</summary>
/// <param name="Delivery">Which.</param>
/// <param name="Attempt">As claimed.</param>
/// <param name="State">Pending: to be tried again after <paramref name="Delay"/>.</param>
/// <param name="Status">HTTP status, where one came.</param>
/// <param name="Error">Class of failure; null with delivered.</param>
/// <param name="Delay">With pending.</param>
/// <param name="Gone">The receiver wants no more (410).</param>
public sealed record DeliveryReport(Guid Delivery, int Attempt, DeliveryState State, int? Status, string? Error, TimeSpan Delay, bool Gone);

/// <summary>What a report did.</summary>
public enum DeliveryRecorded
{
    Stale,
    Written,

    /// <summary>Written, and the endpoint was disabled by it.</summary>
    Disabled,
}

/// <summary>Ends of deliveries that the store brings about, and why endpoints are disabled.</summary>
internal static class DeliveryEnds
{
    public const string EndpointGone = "endpoint_deleted";
    public const string EndpointDisabled = "endpoint_disabled";
    public const string JobGone = "job_gone";
    public const string Gone = "gone";
    public const string Failing = "failing";
}
