using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

public sealed class FormerOverloadTests
{
    [Fact]
    public void When_not_everything_can_be_done_in_time_what_is_worth_most_for_its_work_goes_first()
    {
        FormerBench bench = new FormerBench { Room = EngineRoom.Empty(1, 256, 64) }.Taught();
        // ten seconds of answers that nobody can wait for, and one prompt that is cheap for its tokens
        for (int i = 0; i < 40; i++) bench.Add(deadline: 8_000, prompt: 1, max: 400);
        WaitingJob cheap = bench.Add(deadline: 9_000, prompt: 600, max: 1);
        // by deadline alone it would be the forty-first
        JobId[] order = [.. Enumerable.Range(0, 30).Select(_ => bench.Next().Batch!.Jobs[0].Id)];
        Assert.Contains(cheap.Id, order);
    }

    [Fact]
    public void What_could_not_be_done_in_time_runs_all_the_same_when_there_is_room_and_expires_only_when_it_must()
    {
        FormerBench bench = new FormerBench().Taught();
        for (int i = 0; i < 400; i++) bench.Add(deadline: 5_000, prompt: 1, max: 100);
        int ran = 0, expired = 0;
        for (int turn = 0; turn < 700 && bench.Former.Count > 0; turn++)
        {
            FormerDecision decision = bench.Next();
            ran += decision.Batch?.Jobs.Count ?? 0;
            expired += decision.Expired.Count;
            bench.Clock.Pass(10);
        }
        Assert.Equal(400, ran + expired);
        Assert.Equal(0, expired);
    }

    [Fact]
    public void Jobs_whose_prefix_has_just_run_go_before_earlier_deadlines_that_can_wait()
    {
        FormerBench bench = new FormerBench { Room = EngineRoom.Empty(1, 256, 64) }.Taught();
        WaitingJob first = Add(bench, 60_000, family: 1);
        WaitingJob between = Add(bench, 70_000, family: 2);
        WaitingJob sibling = Add(bench, 80_000, family: 1);
        Assert.Equal([first.Id, sibling.Id, between.Id], Enumerable.Range(0, 3).Select(_ => Assert.Single(bench.Batch())));
    }

    [Fact]
    public void A_prefix_that_keeps_arriving_does_not_keep_others_out()
    {
        FormerBench bench = new FormerBench(new FormerOptions { MostPasses = 4 }) { Room = EngineRoom.Empty(1, 256, 64) }.Taught();
        Add(bench, 60_000, family: 1);
        bench.Batch();
        WaitingJob lone = Add(bench, 70_000, family: 2);
        for (int turn = 0; turn < 6; turn++)
        {
            Add(bench, 600_000, family: 1);
            if (bench.Batch()[0] == lone.Id) return;
        }
        Assert.Fail("the lone prefix never had its turn");
    }

    [Fact]
    public void A_quote_counts_what_waits_before_and_promises_only_what_is_safe()
    {
        FormerBench bench = new FormerBench().Taught();
        WaitingJob job = bench.Add(deadline: 60_000, prompt: 100, max: 100);
        Quote alone = bench.Former.Quote(job);
        Assert.True(alone.WillMeetDeadline);
        Assert.InRange((alone.Eta - bench.Clock.Now).TotalSeconds, 1, 2);
        for (int i = 0; i < 2000; i++) bench.Add(deadline: 30_000, prompt: 100, max: 100);
        Quote crowded = bench.Former.Quote(job);
        Assert.False(crowded.WillMeetDeadline);
        Assert.True(crowded.Wait > alone.Wait + TimeSpan.FromSeconds(60), $"{crowded.Wait}");
    }

    private static WaitingJob Add(FormerBench bench, double deadline, long family)
    {
        WaitingJob job = new()
        {
            Id = JobId.New(bench.Clock),
            Tenant = "t",
            Class = JobClass.Standard,
            Deadline = bench.Clock.Now + TimeSpan.FromMilliseconds(deadline),
            PromptTokens = 40,
            MaxNewTokens = 4,
            PrefixKey = family,
            Chain = new[] { family, family + 100 },
            CreatedAt = bench.Clock.Now,
        };
        Assert.True(bench.Former.Add(job));
        return job;
    }
}
