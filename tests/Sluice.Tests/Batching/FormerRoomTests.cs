using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

public sealed class FormerRoomTests
{
    [Fact]
    public void A_batch_ends_where_the_sequences_end()
    {
        FormerBench bench = new();
        for (int i = 0; i < 10; i++) bench.Add();
        FormedBatch batch = bench.Next().Batch!;
        Assert.Equal(8, batch.Jobs.Count);
        Assert.Equal(CloseReason.Full, batch.Reason);
        Assert.Equal(2, bench.Former.Count);
    }

    [Fact]
    public void A_batch_ends_where_the_pages_for_prompt_and_answer_end()
    {
        FormerBench bench = new();
        for (int i = 0; i < 4; i++) bench.Add(prompt: 17, max: 256 + 1);
        FormedBatch batch = bench.Next().Batch!;
        Assert.Equal((3, 54, CloseReason.Full), (batch.Jobs.Count, batch.Pages, batch.Reason));
    }

    [Theory]
    [InlineData(JobClass.Interactive, 0, 0)]
    [InlineData(JobClass.Standard, 0, 0)]
    [InlineData(JobClass.Bulk, 7, 0)] // by their prefix
    [InlineData(JobClass.Bulk, 0, 1)] // as suspects
    public void Jobs_that_came_before_the_first_answers_take_pages_for_answers_as_long_as_those_were(JobClass @class, long prefix, int suspicions)
    {
        FormerBench bench = new() { Room = EngineRoom.Empty(8, 4096, 64) };
        WaitingJob[] jobs = [.. Enumerable.Range(0, 4).Select(_ => bench.Add(@class, prompt: 16, max: 1000, prefix: prefix, suspicions: suspicions))];
        for (int i = 0; i < 20; i++) bench.Cost.Ended(jobs[0], 0, 16, TimeSpan.FromSeconds(0.2));
        FormedBatch batch = bench.Next().Batch!;
        Assert.Equal((4, 8), (batch.Jobs.Count, batch.Pages));
        Assert.All(batch.Jobs, job => Assert.Equal(16, job.LikelyNewTokens));
    }

    [Fact]
    public void A_batch_ends_where_the_step_ends()
    {
        FormerBench bench = new();
        for (int i = 0; i < 4; i++) bench.Add(prompt: 100);
        FormedBatch batch = bench.Next().Batch!;
        Assert.Equal((3, 256, CloseReason.Full), (batch.Jobs.Count, batch.StepTokens, batch.Reason)); // the third prompt is cut
    }

    [Fact]
    public void A_prompt_longer_than_a_step_counts_as_half_a_step()
    {
        FormerBench bench = new();
        bench.Add(prompt: 700);
        bench.Add(prompt: 128);
        FormedBatch batch = bench.Next().Batch!;
        Assert.Equal((2, 256, 828), (batch.Jobs.Count, batch.StepTokens, batch.PromptTokens));
    }

    [Fact]
    public void Bulk_is_not_admitted_while_interactive_waits()
    {
        FormerBench bench = new() { Room = FormerBench.Busy(pages: 10) };
        WaitingJob big = bench.Add(JobClass.Interactive, prompt: 320);
        bench.Add(JobClass.Bulk);
        WaitingJob standard = bench.Add();
        bench.Clock.Pass(50);
        Assert.Equal([standard.Id], bench.Batch());
        bench.Room = FormerBench.Busy();
        Assert.Equal(big.Id, bench.Batch()[0]);
    }

    [Fact]
    public void An_interactive_job_takes_the_room_of_lesser_ones_when_it_has_waited_and_says_when_that_is()
    {
        EngineRoom full = FormerBench.Busy(free: 0, pages: 0) with { FreeStepTokens = 0 };
        FormerBench bench = new() { Room = full with { InteractiveSequences = 1, InteractivePages = 64, InteractiveStepTokens = 256 } };
        bench.Add(JobClass.Bulk);
        bench.Add();
        bench.Clock.Pass(50);
        WaitingJob urgent = bench.Add(JobClass.Interactive), next = bench.Add(JobClass.Interactive);
        FormerDecision early = bench.Next();
        Assert.Null(early.Batch);
        Assert.Equal(bench.Clock.Now.AddMilliseconds(200), early.LookAgainAt);
        bench.Clock.Now = early.LookAgainAt!.Value;
        Assert.Equal([urgent.Id], bench.Batch());

        bench.Room = full;
        bench.Clock.Pass(1000);
        FormerDecision never = bench.Next();
        Assert.Null(never.Batch);
        Assert.Null(never.LookAgainAt);
        bench.Room = full with { InteractiveSequences = 1, InteractivePages = 2, InteractiveStepTokens = 16 };
        Assert.Equal([next.Id], bench.Batch());
    }

    [Fact]
    public void Rows_of_the_coming_step_are_an_interactive_jobs_at_once_whoever_has_a_prompt_to_compute()
    {
        EngineRoom computing = FormerBench.Busy(free: 4) with { FreeStepTokens = 0 };
        FormerBench bench = new() { Room = computing with { InteractiveSequences = 12, InteractivePages = 64, InteractiveStepTokens = 20 } };
        bench.Add();
        WaitingJob urgent = bench.Add(JobClass.Interactive), next = bench.Add(JobClass.Interactive), third = bench.Add(JobClass.Interactive);
        bench.Clock.Pass(20);
        FormedBatch batch = bench.Next().Batch!;
        Assert.Equal([urgent.Id, next.Id], batch.Jobs.Select(job => job.Id));
        Assert.Equal((20, 20), (batch.StepTokens, batch.InteractiveStepTokens));
        bench.Room = computing;
        Assert.Null(bench.Next().Batch);
        Assert.Equal(2, bench.Former.Count);
        Assert.True(bench.Former.Remove(third.Id));
    }

    [Fact]
    public void Smaller_jobs_pass_one_that_does_not_fit_and_then_room_is_kept_for_it()
    {
        FormerBench bench = new() { Room = FormerBench.Busy(pages: 10) };
        WaitingJob big = bench.Add(prompt: 320);
        WaitingJob small = bench.Add();
        bench.Clock.Pass(50);
        Assert.Equal([small.Id], bench.Batch());

        WaitingJob next = bench.Add();
        bench.Clock.Pass(100);
        Assert.Empty(bench.Batch());

        bench.Room = FormerBench.Busy(pages: 25);
        Assert.Equal([big.Id, next.Id], bench.Batch());
    }

    [Fact]
    public void Room_is_kept_also_where_a_job_whose_prefix_is_warm_does_not_fit_either()
    {
        FormerBench bench = new();
        bench.Add(prompt: 40, chain: [1, 2]);
        Assert.Single(bench.Batch());
        bench.Room = FormerBench.Busy(pages: 10);
        bench.Add(prompt: 320);
        bench.Clock.Pass(1);
        bench.Add(JobClass.Bulk, prompt: 40, max: 300, chain: [1, 2]); // last in order
        WaitingJob small = bench.Add();
        bench.Clock.Pass(50);
        Assert.Equal([small.Id], bench.Batch());
        bench.Add();
        bench.Clock.Pass(100);
        Assert.Empty(bench.Batch());
    }

    [Fact]
    public void Room_is_kept_also_where_a_mate_of_one_before_it_does_not_fit_either()
    {
        FormerBench bench = new() { Room = FormerBench.Busy(pages: 10) };
        bench.Add(prompt: 320);
        bench.Clock.Pass(1);
        bench.Add(JobClass.Bulk, prompt: 40, max: 300, chain: [1, 2]); // last in order
        WaitingJob leader = Leader(), small = bench.Add();
        bench.Clock.Pass(50);
        Assert.Equal([leader.Id, small.Id], bench.Batch());
        leader = Leader();
        bench.Add();
        bench.Clock.Pass(100);
        Assert.Equal([leader.Id], bench.Batch());

        WaitingJob Leader() => bench.Add(deadline: 60_000, prompt: 40, chain: [1, 2]);
    }

    [Fact]
    public void A_job_near_its_safe_start_is_not_passed_at_all()
    {
        FormerBench bench = new FormerBench { Room = FormerBench.Busy(pages: 10) }.Taught();
        bench.Add(prompt: 320, deadline: 900);
        bench.Add();
        bench.Clock.Pass(50);
        Assert.Empty(bench.Batch());
    }

    [Fact]
    public void A_job_that_the_engine_can_never_hold_leaves_with_the_numbers()
    {
        FormerBench bench = new();
        WaitingJob job = bench.Add(prompt: 1000, max: 25);
        FormerDecision decision = bench.Next();
        LeavingJob leaving = Assert.Single(decision.Impossible);
        Assert.Equal(job.Id, leaving.Job.Id);
        Assert.Equal("1000 prompt tokens + 25 new tokens need 65 KV pages of 16; the engine has 64", leaving.Why);
        Assert.Equal(0, bench.Former.Count);
    }

    [Fact]
    public void A_removed_job_is_in_no_batch()
    {
        FormerBench bench = new();
        WaitingJob gone = bench.Add(), stays = bench.Add();
        Assert.True(bench.Former.Remove(gone.Id));
        Assert.False(bench.Former.Remove(gone.Id));
        Assert.Equal([stays.Id], bench.Batch());
    }

    [Fact]
    public void Draining_takes_everything_out()
    {
        FormerBench bench = new();
        bench.Add(JobClass.Bulk);
        bench.Add(suspicions: 1);
        Assert.Equal(2, bench.Former.TakeAll().Count);
        Assert.Equal(0, bench.Former.Count);
        Assert.Empty(bench.Batch());
    }
}
