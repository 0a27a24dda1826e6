using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

/// <summary>An engine of 64 sequences that is full but for a few.</summary>
public sealed class FormerGatherTests
{
    private static readonly EngineRoom _full = EngineRoom.Empty(64, 1024, 4096) with { Running = 63, FreeSequences = 1, FreePages = 2000 };

    [Fact]
    public void A_freed_sequence_of_a_full_engine_waits_a_little_for_others()
    {
        FormerBench bench = Waiting(10);
        FormerDecision one = bench.Next();
        Assert.Null(one.Batch);
        Assert.Equal(bench.Clock.Now.AddMilliseconds(20), one.LookAgainAt);
        bench.Clock.Pass(10);
        bench.Room = _full with { Running = 60, FreeSequences = 4 };
        FormedBatch batch = bench.Next().Batch!; // a sixteenth
        Assert.Equal((4, CloseReason.Full), (batch.Jobs.Count, batch.Reason));
    }

    [Fact]
    public void It_does_not_wait_longer_than_the_linger_and_each_batch_anew()
    {
        FormerBench bench = Waiting(10);
        for (int turn = 0; turn < 3; turn++)
        {
            Assert.Null(bench.Next().Batch);
            bench.Clock.Pass(19);
            Assert.Null(bench.Next().Batch);
            bench.Clock.Pass(1);
            Assert.Single(bench.Batch());
        }
    }

    [Fact]
    public void It_waits_for_nobody_while_a_safe_start_is_near()
    {
        FormerBench bench = Waiting(10).Taught();
        bench.Add(JobClass.Interactive, deadline: 400);
        Assert.Equal(CloseReason.Full, bench.Next().Batch!.Reason);
    }

    [Fact]
    public void A_prompt_that_fills_the_step_goes_at_once()
    {
        FormerBench bench = Waiting(10, prompt: 600);
        Assert.Single(bench.Batch());
    }

    private static FormerBench Waiting(int jobs, int prompt = 16)
    {
        FormerBench bench = new() { Room = _full };
        for (int i = 0; i < jobs; i++) bench.Add(prompt: prompt);
        return bench;
    }
}
