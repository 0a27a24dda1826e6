using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>What a claim brought: the jobs that are this worker's to run, until the token is cancelled.</summary>
internal readonly record struct ClaimedBatch(IReadOnlyList<ClaimedJob> Jobs, CancellationToken Dead);

/// <summary>Claims jobs for the incarnation that lives.</summary>
internal sealed class Claims(IJobStore store, Incarnation incarnation, TimeProvider time)
{
    /// <summary>
    /// Waits while the store is away: the same call again gives what the lost answer held. None where the worker was declared dead meanwhile.
    /// </summary>
    public async Task<ClaimedBatch> ClaimAsync(IReadOnlyList<JobId> jobs)
    {
        (Guid worker, CancellationToken dead) = incarnation.Current;
        try
        {
            IReadOnlyList<ClaimedJob> claimed = await StoreRetry.UntilAnsweredAsync(token => store.ClaimAsync(worker, jobs, token), time, dead);
            return new ClaimedBatch(claimed, dead);
        }
        catch (OperationCanceledException) when (dead.IsCancellationRequested)
        {
            return new ClaimedBatch([], dead);
        }
    }
}
