using Sluice.Simulation.Tests.Clockwork;
using Xunit;

namespace Sluice.Simulation.Tests;

/// <summary>One seed with a line for all that happens: for whoever looks for a fault's cause.</summary>
public sealed class ReplayTests
{
    [Fact]
    public void The_seed_of_the_environment_is_replayed_with_its_trace()
    {
        Assert.SkipWhen(SimTrace.Seed is null, $"Set {SimTrace.SeedVariable} to replay a seed.");
        SimTrace.IsOn = true;
        try
        {
            SimOutcome outcome = Simulation.Run(SimTrace.Seed!.Value);
            foreach (string line in outcome.Trace)
            {
                Console.WriteLine(line);
            }
            Assert.True(outcome.Failure is null, outcome.ToString());
        }
        finally
        {
            SimTrace.IsOn = false;
        }
    }
}
