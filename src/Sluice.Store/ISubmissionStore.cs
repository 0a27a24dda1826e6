namespace Sluice.Store;

/// <summary>
/// Submissions: lines are staged here as they come and fed into jobs by and by. Each member is one transaction unless it says otherwise; times are the store's own.
/// Throws <see cref="StoreUnavailableException"/> where the store cannot be reached.
/// </summary>
public interface ISubmissionStore
{
    /// <summary>Opens a submission, or finds the one of the same idempotency key, or of the same schedule and fire time: then nothing is stored.</summary>
    Task<(bool Created, SubmissionRecord Submission)> StartAsync(NewSubmission submission, CancellationToken cancellationToken);

    /// <summary>
    /// Stages lines. False where the submission is no longer receiving or its last line is not <see cref="LineChunk.After"/>: nothing is stored then, and the submission
    /// tells how far it is. A line whose custom_id an earlier line has becomes an error row.
    /// </summary>
    Task<(bool Staged, SubmissionRecord? Submission)> StageAsync(string tenant, Guid id, LineChunk chunk, CancellationToken cancellationToken);

    /// <summary>
    /// No more lines come. Complete: running, or finished where it has no lines that could run. Repeated, it changes nothing. A submission that ends cancelled gives its
    /// idempotency key back. Null: no such submission.
    /// </summary>
    Task<SubmissionRecord?> CloseAsync(string tenant, Guid id, UploadEnd end, byte[]? requestHash, CancellationToken cancellationToken);

    Task<SubmissionRecord?> GetAsync(string tenant, Guid id, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    Task<IReadOnlyList<SubmissionRecord>> ListAsync(string tenant, SubmissionQuery query, CancellationToken cancellationToken);

    /// <summary>
    /// Cancelled at once: nothing more is fed, and lines that were not fed count as cancelled. Its live jobs are cancelled after it, page by page, here or by
    /// <see cref="TendAsync"/>; what has ended keeps its end. Changes nothing where it is terminal. Null: no such submission.
    /// </summary>
    Task<SubmissionRecord?> CancelAsync(string tenant, Guid id, CancellationToken cancellationToken);

    /// <summary>Up to <paramref name="limit"/> lines after <paramref name="after"/> that ended so, in the order in which they came.</summary>
    Task<IReadOnlyList<LineOutcome>> LinesAsync(string tenant, Guid id, LineFilter filter, int after, int limit, CancellationToken cancellationToken);

    /// <summary>Lines to feed, of the submission that waited longest for it; null where there are none now. Takes or renews the lease.</summary>
    Task<FeedWork?> TakeAsync(FeedRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Stores the jobs as <see cref="IJobStore.SubmitAsync"/> does (answers from the cache, twins, tickets), the error rows, and how far the submission is fed.
    /// What became of each job, in their order: one that is <see cref="SubmitOutcome.TooLate"/> is its row of <see cref="FedChunk.Late"/>.
    /// Null, with nothing stored, where another was faster or it was cancelled.
    /// </summary>
    Task<IReadOnlyList<SubmitResult>?> FeedAsync(FedChunk chunk, CancellationToken cancellationToken);

    /// <summary>
    /// Brings counts up to date, finishes submissions whose lines have all ended (with the rows of their webhooks), gives up uploads whose node is gone and cancels
    /// what is left of cancelled ones. A transaction per submission; those that another node tends are passed over.
    /// </summary>
    Task<TendReport> TendAsync(TendOptions options, CancellationToken cancellationToken);
}
