using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

public sealed class FormerSuspectTests
{
    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    [InlineData(40, 1)]
    public void Suspects_run_in_halves_of_halves_and_then_alone(int suspicions, int together)
    {
        FormerBench bench = new();
        for (int i = 0; i < 8; i++) bench.Add(suspicions: suspicions);
        FormedBatch batch = bench.Next().Batch!;
        Assert.True(batch.Suspects);
        Assert.Equal((together, CloseReason.Full), (batch.Jobs.Count, batch.Reason));
    }

    [Fact]
    public void The_most_suspected_sets_the_size()
    {
        FormerBench bench = new();
        for (int i = 0; i < 4; i++) bench.Add(suspicions: 1);
        bench.Add(JobClass.Interactive, suspicions: 2);
        Assert.Equal(2, bench.Batch().Length);
    }

    [Fact]
    public void Nothing_runs_beside_suspects()
    {
        FormerBench bench = new() { Room = FormerBench.Busy() with { Running = 1, RunningSuspects = 1 } };
        bench.Add(JobClass.Interactive);
        bench.Add(suspicions: 1);
        bench.Clock.Pass(5000);
        Assert.Empty(bench.Batch());
    }

    [Fact]
    public void Suspects_let_the_others_go_first_until_their_patience_is_over()
    {
        FormerBench bench = new() { Room = FormerBench.Busy() };
        WaitingJob suspect = bench.Add(JobClass.Interactive, suspicions: 1);
        WaitingJob first = bench.Add(JobClass.Bulk);
        bench.Clock.Pass(249);
        Assert.Equal([first.Id], bench.Batch());

        WaitingJob second = bench.Add();
        bench.Clock.Pass(100);
        Assert.Empty(bench.Batch());

        bench.Room = EngineRoom.Empty(8, 256, 64);
        Assert.Equal([suspect.Id], bench.Batch());
        Assert.Equal([second.Id], bench.Batch());
    }

    [Fact]
    public void Once_it_is_their_turn_all_suspects_that_wait_go_before_others()
    {
        FormerBench bench = new();
        WaitingJob[] suspects = [.. Enumerable.Range(0, 6).Select(_ => bench.Add(suspicions: 1))];
        WaitingJob other = bench.Add(JobClass.Interactive);
        bench.Clock.Pass(300);
        Assert.Equal(suspects[..4].Select(job => job.Id), bench.Batch());
        WaitingJob later = bench.Add(suspicions: 1);
        Assert.Equal([.. suspects[4..].Select(job => job.Id), later.Id], bench.Batch());
        WaitingJob next = bench.Add(suspicions: 1);
        bench.Clock.Pass(1000);
        Assert.Equal([other.Id], bench.Batch()); // however long the new ones wait: others have their turn
        WaitingJob another = bench.Add();
        Assert.Equal([next.Id], bench.Batch());
        Assert.Equal([another.Id], bench.Batch());
    }
}
