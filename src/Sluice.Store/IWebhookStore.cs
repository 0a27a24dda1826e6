namespace Sluice.Store;

/// <summary>
/// Who wants to be told of jobs' ends, and what is still to be told. Deliveries are written by the job's terminal transaction (<see cref="IJobStore.FinishAsync"/>),
/// never here. Every time is the store's own clock. Secrets are opaque here: encrypted by the caller. Postgres and memory, one contract test.
/// Throws <see cref="StoreUnavailableException"/> when the store cannot be reached.
/// </summary>
public interface IWebhookStore
{
    /// <summary>Stores an endpoint, made now. False, nothing stored: the id exists, or the tenant has <paramref name="most"/> already.</summary>
    Task<bool> AddAsync(NewWebhookEndpoint endpoint, int most, CancellationToken cancellationToken);

    /// <summary>The tenant's endpoints, oldest first, without <see cref="WebhookEndpoint.OfJobs"/>.</summary>
    Task<IReadOnlyList<WebhookEndpoint>> ListAsync(string tenant, CancellationToken cancellationToken);

    /// <summary>Null where this tenant has none of that id.</summary>
    Task<WebhookEndpoint?> GetAsync(string tenant, Guid id, CancellationToken cancellationToken);

    /// <summary>Removes the endpoint; what was still to be sent to it is dropped, by claims where it is much. False: no such endpoint.</summary>
    Task<bool> DeleteAsync(string tenant, Guid id, CancellationToken cancellationToken);

    /// <summary>The new secret signs from now on, the one before it too for <paramref name="overlap"/>. Null: no such endpoint.</summary>
    Task<WebhookEndpoint?> RotateAsync(string tenant, Guid id, byte[] secret, TimeSpan overlap, CancellationToken cancellationToken);

    /// <summary>A disabled endpoint is told of jobs' ends again. Null: no such endpoint.</summary>
    Task<WebhookEndpoint?> EnableAsync(string tenant, Guid id, CancellationToken cancellationToken);

    /// <summary>Newest first, at most <paramref name="most"/>. <see cref="WebhookEndpoint.OfJobs"/> gives those to the jobs' own URLs.</summary>
    Task<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(string tenant, Guid endpoint, int most, CancellationToken cancellationToken);

    /// <summary>Makes a delivery due now, its attempts counted anew, whatever became of it: same id, same bytes. Null: this endpoint has no such delivery.</summary>
    Task<WebhookDelivery?> ReplayAsync(string tenant, Guid endpoint, Guid delivery, CancellationToken cancellationToken);

    /// <summary>
    /// Takes due deliveries for an attempt: each is counted and not due again until the lease ends, so that one whose sender died is sent again.
    /// Several senders share: rows taken by one are skipped by the others. A delivery's body is composed once and stored with the first claim.
    /// What cannot be sent any more (endpoint gone or disabled, job purged) is dropped and not in the answer.
    /// </summary>
    Task<IReadOnlyList<DueDelivery>> ClaimAsync(DeliveryClaim claim, Func<DeliveryFacts, byte[]> compose, CancellationToken cancellationToken);

    /// <summary>
    /// What became of an attempt. Ignored (<see cref="DeliveryRecorded.Stale"/>) where the delivery was claimed again since or has ended.
    /// Gone, or failures and nothing else for <paramref name="disableAfter"/>, disable the endpoint and drop what waits for it.
    /// </summary>
    Task<DeliveryRecorded> RecordAsync(DeliveryReport report, TimeSpan disableAfter, CancellationToken cancellationToken);
}
