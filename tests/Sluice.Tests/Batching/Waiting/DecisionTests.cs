using Sluice.Batching;
using Sluice.Batching.Waiting;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching.Waiting;

public sealed class DecisionTests
{
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Warm_prefixes_are_looked_at_only_where_somebody_could_go(int free, bool looks)
    {
        HandClock clock = new();
        FormerOptions options = new();
        Backlog backlog = new(options, new CostEstimate());
        EngineRoom room = EngineRoom.Empty(8, 256, 64) with { Running = 8 - free, FreeSequences = free };
        Entry ran = Add([1, 2]);
        Entry waits = Add([1, 2, 3]);
        backlog.Run(ran, 0);
        new Decision(backlog, options, room, clock.Now.UtcTicks).Choose(0);
        Assert.Equal(looks, waits.Parent!.SeenIn > 0);

        Entry Add(long[] chain)
        {
            WaitingJob job = new()
            {
                Id = new JobId(Guid.NewGuid()),
                Tenant = "t",
                Class = JobClass.Standard,
                PromptTokens = 40,
                MaxNewTokens = 1,
                Chain = chain,
                CreatedAt = clock.Now,
            };
            backlog.Add(job, clock.Now.UtcTicks);
            return backlog.Find(job.Id)!;
        }
    }
}
