using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

public sealed class FormerTimeTests
{
    [Fact]
    public void A_busy_engine_lets_a_batch_linger_and_says_until_when()
    {
        FormerBench bench = new() { Room = FormerBench.Busy() };
        bench.Add();
        bench.Clock.Pass(15);
        bench.Add();
        FormerDecision early = bench.Next();
        Assert.Null(early.Batch);
        Assert.Equal(bench.Clock.Now.AddMilliseconds(5), early.LookAgainAt);
        bench.Clock.Now = early.LookAgainAt!.Value;
        FormedBatch batch = bench.Next().Batch!;
        Assert.Equal((2, CloseReason.LingerOver), (batch.Jobs.Count, batch.Reason));
    }

    [Fact]
    public void A_starving_engine_waits_for_nothing()
    {
        FormerBench bench = new() { Room = FormerBench.Busy() with { Running = 1, MaxSequences = 16 } };
        bench.Add();
        Assert.Equal(CloseReason.EngineIdle, bench.Next().Batch!.Reason);
    }

    [Fact]
    public void Nobody_lingers_while_a_safe_start_is_near()
    {
        FormerBench bench = new FormerBench { Room = FormerBench.Busy() }.Taught();
        bench.Add();
        bench.Add(deadline: 500);
        FormedBatch batch = bench.Next().Batch!;
        Assert.Equal((2, CloseReason.DeadlineNear), (batch.Jobs.Count, batch.Reason));
    }

    [Fact]
    public void A_job_that_cannot_make_it_expires_with_its_arithmetic()
    {
        FormerBench bench = new FormerBench().Taught();
        WaitingJob job = bench.Add(deadline: 1000, prompt: 100, max: 100);
        LeavingJob expired = Assert.Single(bench.Next().Expired);
        Assert.Equal(job.Id, expired.Job.Id);
        Assert.Equal(
            "deadline 2026-01-01T12:00:01.000Z is in 1.000 s, but 100 prompt tokens × 1.000 ms + 100 new tokens × 10.000 ms = 1.100 s", expired.Why);
        Assert.Equal(0, bench.Former.Count);
    }

    [Fact]
    public void What_is_likely_to_be_in_pages_takes_no_time_and_nobody_expires_for_it()
    {
        FormerBench bench = new FormerBench { Room = EngineRoom.Empty(8, 2048, 256) }.Taught();
        long[] chain = [.. Enumerable.Range(1, 60).Select(i => (long)i)];
        bench.Add(prompt: 962, max: 10, chain: chain);
        Assert.Single(bench.Batch()); // it brings the prefix into pages
        WaitingJob warm = bench.Add(deadline: 500, prompt: 970, max: 10, chain: chain), cold = bench.Add(deadline: 500, prompt: 970, max: 10, chain: [.. chain.Select(mark => -mark)]);
        FormerDecision decision = bench.Next();
        Assert.Equal(cold.Id, Assert.Single(decision.Expired).Job.Id);
        Assert.Equal([warm.Id], decision.Batch!.Jobs.Select(job => job.Id));

        WaitingJob late = bench.Add(deadline: 100, prompt: 970, max: 10, chain: chain);
        LeavingJob expired = Assert.Single(bench.Next().Expired);
        Assert.Equal(late.Id, expired.Job.Id);
        Assert.Contains("but 10 prompt tokens besides 960 in pages × 1.000 ms + 10 new tokens × 10.000 ms = 0.110 s", expired.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_whose_deadline_passed_in_the_queue_is_expired_not_run()
    {
        FormerBench bench = new();
        bench.Add(deadline: 1000);
        bench.Clock.Pass(1500);
        FormerDecision decision = bench.Next();
        Assert.Null(decision.Batch);
        Assert.Equal("deadline 2026-01-01T12:00:01.000Z passed 0.500 s ago, after 1.500 s in the queue", Assert.Single(decision.Expired).Why);
    }

    [Fact]
    public void Nothing_is_given_up_on_a_guess()
    {
        FormerBench bench = new();
        bench.Add(deadline: 10, prompt: 200, max: 200);
        Assert.Single(bench.Batch());
    }

    [Fact]
    public void A_job_that_may_be_late_runs_after_those_that_can_still_make_it()
    {
        FormerBench bench = new FormerBench().Taught();
        WaitingJob late = bench.Add(deadline: 100, late: OnLate.Run), able = bench.Add(deadline: 60_000);
        Assert.Equal([able.Id, late.Id], bench.Batch());
    }

    [Fact]
    public void A_full_engine_says_when_a_deadline_will_be_lost()
    {
        FormerBench bench = new FormerBench { Room = FormerBench.Busy(free: 0) }.Taught();
        bench.Add(deadline: 10_000);
        for (int looks = 0; ; looks++)
        {
            FormerDecision decision = bench.Next();
            if (decision.Expired.Count == 1) break;
            Assert.InRange(looks, 0, 5);
            Assert.True(decision.LookAgainAt > bench.Clock.Now);
            bench.Clock.Now = decision.LookAgainAt!.Value;
        }
        Assert.Equal(9_824, (bench.Clock.Now - new HandClock().Now).TotalMilliseconds, 1.0);
    }

    [Fact]
    public void Without_deadlines_nothing_but_an_event_changes_the_answer()
    {
        FormerBench bench = new() { Room = FormerBench.Busy(free: 0) };
        bench.Add();
        Assert.Null(bench.Next().LookAgainAt);
    }
}
