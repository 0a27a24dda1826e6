using Xunit;

namespace Sluice.Simulation.Tests;

public sealed class SimulationTests
{
    [Fact]
    public void A_healthy_service_ends_every_job_without_a_death_or_a_stale_end()
    {
        for (ulong seed = 1; seed <= 100; seed++)
        {
            SimOutcome outcome = Simulation.Run(seed, harmless: true);
            Assert.True(outcome.Failure is null, outcome.ToString());
        }
    }

    [Fact]
    public void Every_promise_holds_whatever_a_seed_breaks()
    {
        int seeds = int.TryParse(Environment.GetEnvironmentVariable("SLUICE_SIM_SEEDS"), out int asked) ? asked : 10_000;
        ulong from = ulong.TryParse(Environment.GetEnvironmentVariable("SLUICE_SIM_FROM"), out ulong first) ? first : 1;
        SweepOutcome outcome = SeedSweep.Run(from, seeds, enough: 20, seed => Simulation.Run(seed));
        Console.WriteLine(outcome);
        Assert.True(outcome.Failures.Count == 0, outcome.ToString());
    }

    [Fact]
    public void A_seed_gives_the_same_run_every_time()
    {
        for (ulong seed = 1; seed <= 50; seed++)
        {
            SimOutcome one = Simulation.Run(seed), other = Simulation.Run(seed);
            Assert.Equal((one.Hash, one.Steps, one.Failure), (other.Hash, other.Steps, other.Failure));
        }
    }
}
