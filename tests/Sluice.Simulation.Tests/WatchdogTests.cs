using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Simulation.Tests.Nodes;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Simulation.Tests;

/// <summary>Silent stalls, in virtual time; the limit is 20 s.</summary>
public sealed class WatchdogTests
{
    [Fact]
    public void A_worker_whose_engine_hangs_is_unhealthy_after_half_the_limit_and_ends_itself_at_it_though_its_heart_beats()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            double slowAt = 0, endedAt = 0;
            bool heard = true;
            List<PlannedJob> jobs = [SimPlan.Plain(1, Mischief.Hangs)];
            SimOutcome outcome = Simulation.Run(seed, harmless: true, jobs: jobs, look: cluster =>
            {
                SimNode[] workers = [.. cluster.Workers.Where(worker => !worker.IsDead)];
                double now = cluster.World.Elapsed.TotalSeconds;
                slowAt = slowAt == 0 && workers.Any(worker => worker.Get<Watchdog>().Slow is not null) ? now : slowAt;
                endedAt = endedAt == 0 && cluster.Counts["process ended itself, stalled"] > 0 ? now : endedAt;
                heard &= workers.All(worker => worker.Get<Incarnation>().IsRegistered || now < 1 || endedAt > 0);
            });
            Assert.True(outcome.Failure is null, outcome.ToString());
            Assert.InRange(slowAt, 10, 20);
            Assert.InRange(endedAt, 20, 30);
            Assert.True(heard);
        }
    }

    [Fact]
    public void What_hangs_alone_again_and_again_is_poison_and_its_company_succeeds()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            List<PlannedJob> jobs = [SimPlan.Plain(0, Mischief.Hangs), .. Enumerable.Range(1, 8).Select(i => SimPlan.Plain(i, Mischief.None))];
            SimCluster? seen = null;
            SimOutcome outcome = Simulation.Run(seed, harmless: true, jobs: jobs, look: cluster => seen = cluster);
            Assert.True(outcome.Failure is null, outcome.ToString());
            MemoryJob End(PlannedJob job) => seen!.Store.Oracle.Row(job.Id!.Value)!;
            Assert.Equal((JobState.Failed, "poison"), (End(jobs[0]).State, End(jobs[0]).Error?.Code));
            Assert.All(jobs.Skip(1), job => Assert.Equal(JobState.Succeeded, End(job).State));
        }
    }

    [Fact]
    public void A_store_that_is_away_is_no_stall()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            List<PlannedJob> jobs = [.. Enumerable.Range(0, 12).Select(i => SimPlan.Plain(i, Mischief.None))];
            SimOutcome outcome = Simulation.Run(seed, harmless: true, jobs: jobs, look: cluster => cluster.Store.IsUp = cluster.World.Elapsed.TotalSeconds is < 2 or > 100);
            Assert.True(outcome.Failure is null, outcome.ToString());
            Assert.Equal(0, outcome.Counts["process ended itself, stalled"]);
        }
    }
}
