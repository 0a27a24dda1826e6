using Sluice.Service.Inference;
using Sluice.Simulation.Tests.Nodes;
using Sluice.Store;

namespace Sluice.Simulation.Tests.Checks;

/// <summary>
/// How long a world that has healed may take until nothing moves (I9), from what the service is set to and what this seed asks of it. The parts overlap in truth; their sum is what no order of
/// them exceeds.
/// </summary>
internal static class RecoveryBound
{
    /// <summary>
    /// What I9 allows beside the work that is left, and the only part that is not derived: callers that ask again (10 s) and cancel (20 s after it), drains under way (25 s), publishes that wait
    /// for a confirm (10 s).
    /// </summary>
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(60);

    /// <summary>Deaths until a killer is convicted: among eight sequences, the most of a stub here, four in ever smaller company and two alone.</summary>
    private const int DeathsOfOne = 6;

    public static TimeSpan Of(SimSettings settings, IReadOnlyList<PlannedJob> plan)
    {
        WorkerOptions worker = settings.Worker("any");
        TimeSpan batch = settings.Stub().BatchTime;

        // A ticket that was lost is sent again; a silent worker is buried once the store has answered for as long as it may be silent. Both by the next round.
        TimeSpan silent = 2 * worker.HeartbeatTimeout, ticketless = ReconcileOptions.MaxBackoff * worker.TicketTimeout;
        TimeSpan found = (silent > ticketless ? silent : ticketless) + worker.ReconcileInterval;

        // Each job alone in its batch, as often as it may fail.
        TimeSpan work = batch * plan.Sum(job => Times(job) * (job.Mischief == Mischief.None ? 1 : JobLimits.MaxFailures));

        // A death: noticed where it is a stall, the process started again, and its company run alone.
        TimeSpan death = SimCluster.LongestRestart + (batch * settings.Stub().MaxSequences);
        TimeSpan stall = worker.StallTimeout * (Watchdog.LooksPerLimit + 2) / Watchdog.LooksPerLimit;
        TimeSpan deaths = DeathsOfOne * ((death * Count(Mischief.Kills)) + ((death + stall) * Count(Mischief.Hangs)));
        return found + work + deaths + s_slack;

        int Count(Mischief does) => plan.Where(job => job.Mischief == does).Sum(Times);

        static int Times(PlannedJob job) => job.RetryWhenEnded ? 2 : 1;
    }
}
