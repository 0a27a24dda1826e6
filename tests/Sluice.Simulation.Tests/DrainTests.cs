using Sluice.Simulation.Tests.Nodes;
using Xunit;

namespace Sluice.Simulation.Tests;

public sealed class DrainTests
{
    [Fact]
    public void A_drain_that_cannot_write_its_last_results_ends_in_time_all_the_same()
    {
        int drains = 0;
        for (ulong seed = 1; seed <= 40; seed++)
        {
            List<PlannedJob> jobs = [.. Enumerable.Range(0, 12).Select(i => SimPlan.Plain(i, Mischief.None))];
            SimOutcome outcome = Simulation.Run(seed, harmless: true, jobs: jobs, look: cluster =>
            {
                double now = cluster.World.Elapsed.TotalSeconds;
                cluster.Store.IsUp = now is < 1.5 or > 60;
                if (now is > 1.5 and < 2.5)
                {
                    cluster.Workers.First().Drain();
                }
                drains += now is > 58.5 and < 59.5 ? cluster.Drains.Count : 0;
            });
            Assert.True(outcome.Failure is null, outcome.ToString());
            Assert.Equal(0, outcome.Counts["drain over its time"]);
        }
        Assert.True(drains > 10, $"Only {drains} of 40 runs still had a worker to drain while the store was away.");
    }
}
