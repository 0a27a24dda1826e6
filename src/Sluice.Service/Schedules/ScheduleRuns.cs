using Sluice.Service.Quotes;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>A schedule's runs, each with when it is likely to end.</summary>
internal sealed class ScheduleRuns(IScheduleStore store, ISubmissionStore submissions, QuoteBook quotes, TimeProvider time)
{
    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<ScheduleRunView>> LatestAsync(ScheduleRecord schedule, int most, CancellationToken cancellationToken)
    {
        List<ScheduleRunView> runs = [];
        foreach (FiringRecord run in await store.FiringsAsync(schedule.Tenant, schedule.Id, most, cancellationToken))
        {
            DateTimeOffset? eta = run.State is FiringState.Staging or FiringState.Running && await submissions.GetAsync(run.Tenant, run.Id, cancellationToken) is { } submission ? quotes.EtaOf(submission) : null;
            runs.Add(ScheduleViews.Of(run, time.GetUtcNow(), eta));
        }
        return runs;
    }
}
