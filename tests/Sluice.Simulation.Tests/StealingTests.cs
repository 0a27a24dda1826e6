using Sluice.Simulation.Tests.Mutations;
using Sluice.Simulation.Tests.Nodes;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Simulation.Tests;

/// <summary>How often idle workers look for jobs of others, in virtual time: 0.5 s first, 5 s at the longest.</summary>
public sealed class StealingTests
{
    private const double Slack = 0.3;

    [Fact]
    public void An_idle_worker_that_finds_nothing_looks_ever_more_rarely_and_never_sooner_than_its_pause()
    {
        for (ulong seed = 1; seed <= 10; seed++)
        {
            List<(Guid Worker, DateTimeOffset At)> looks = [];
            SimOutcome outcome = Simulation.Run(seed, store => new TellsOfLooks(store, looks), harmless: true, jobs: [SimPlan.Plain(1, Mischief.None, TimeSpan.FromSeconds(60))]);
            Assert.True(outcome.Failure is null, outcome.ToString());
            foreach (IGrouping<Guid, (Guid Worker, DateTimeOffset At)> worker in looks.GroupBy(look => look.Worker))
            {
                DateTimeOffset[] at = [.. worker.Select(look => look.At)];
                double[] pauses = [.. at.Zip(at.Skip(1), (one, next) => (next - one).TotalSeconds)];
                double[] expected = [1, 2, 4, 5, 5, 5, 5];
                Assert.True(pauses.Length >= expected.Length, $"only {pauses.Length + 1} looks");
                for (int i = 0; i < expected.Length; i++)
                {
                    Assert.InRange(pauses[i], expected[i], expected[i] + Slack);
                }
            }
        }
    }

    private sealed class TellsOfLooks(MemoryJobStore inner, List<(Guid, DateTimeOffset)> looks) : PassingStore(inner)
    {
        public override Task<IReadOnlyList<ReservedJob>> StealAsync(Guid worker, IReadOnlyList<string> models, int max, TimeSpan? forsaken, CancellationToken cancellationToken)
        {
            looks.Add((worker, Tables(tables => tables.Now)));
            return base.StealAsync(worker, models, max, forsaken, cancellationToken);
        }
    }
}
