using Sluice.Batching;
using Sluice.Batching.Costs;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

public sealed class CostMemoryTests
{
    private static readonly WaitingJob _job = new()
    {
        Id = new JobId(Guid.Empty),
        Tenant = "t",
        Class = JobClass.Bulk,
        PromptTokens = 200,
        MaxNewTokens = 300,
        Workload = 17,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    [Fact]
    public void What_was_learned_predicts_the_same_after_a_restart()
    {
        CostEstimate first = Taught(), second = new();
        Assert.False(second.Knows);
        second.Restore(first.Learned());
        Assert.True(second.Knows);
        // of the lengths' distribution 33 points are kept: a quantile may move by a token or two
        Assert.Equal(first.Predict(_job).Expected.TotalSeconds, second.Predict(_job).Expected.TotalSeconds, 2.5 * first.SecondsPerNewToken);
        Assert.Equal(first.Predict(_job).Safe.TotalSeconds, second.Predict(_job).Safe.TotalSeconds, first.Predict(_job).Safe.TotalSeconds * 0.05);
        Assert.Equal(first.Work(_job, 0), second.Work(_job, 0), first.Work(_job, 0) * 0.05);
        Assert.Equal(first.AnswerShare, second.AnswerShare);
        Assert.Equal((first.Coefficients().ErrorP50, first.Coefficients().ErrorP95), (second.Coefficients().ErrorP50, second.Coefficients().ErrorP95));
    }

    [Fact]
    public void Lengths_of_answers_come_back_per_workload_class()
    {
        CostEstimate second = new();
        second.Restore(Taught().Learned());
        Assert.InRange(second.LikelyNewTokens(_job)!.Value, 40, 50);
        Assert.Null(second.LikelyNewTokens(_job with { Workload = 18 }));
    }

    [Fact]
    public void What_is_observed_soon_outweighs_what_was_restored()
    {
        CostEstimate second = new();
        second.Restore(Taught().Learned());
        for (int i = 0; i < 600; i++) second.Ended(_job, 0, 250, TimeSpan.FromSeconds(1));
        Assert.InRange(second.LikelyNewTokens(_job)!.Value, 249, 251);
    }

    [Fact]
    public void Numbers_that_make_no_sense_are_left_out()
    {
        CostEstimate cost = new(), fresh = new();
        cost.Restore(new LearnedCosts
        {
            Steps = new CostCoefficients(double.NaN, -1, double.PositiveInfinity, 0, -5, double.NaN, 1e9),
            Jobs = -3,
            Error = double.NaN,
            PerPromptToken = -1,
            PerNewToken = double.PositiveInfinity,
            Pace = -1,
            Sequences = 0,
            KvTokens = double.NaN,
            RoomShort = 7,
            Efficiency = 0,
            AnswerShare = -2,
            Lengths = [new LearnedLengths(17, 100, []), new LearnedLengths(18, -1, [1, 2])],
        });
        Assert.Equal(fresh.Predict(_job), cost.Predict(_job));
        Assert.Equal(fresh.Work(_job, 0), cost.Work(_job, 0));
        Assert.Equal((1.0, 1.0), (cost.Efficiency, cost.AnswerShare));
        Assert.Equal((1.0, 1.0), (cost.Coefficients().ErrorP50, cost.Coefficients().ErrorP95));
    }

    [Fact]
    public void A_job_is_quoted_by_what_goes_before_it_and_promised_with_a_margin()
    {
        CostEstimate cost = Taught();
        DateTimeOffset now = DateTimeOffset.UnixEpoch.AddDays(1);
        TimeSpan wait = TimeSpan.FromSeconds(10);
        Quote open = Quote.Of(_job, cost, wait, now);
        Assert.True(open.Eta > now + wait && open.Eta < now + wait + cost.Predict(_job).Safe);
        Assert.False(Quote.Of(_job with { Deadline = open.Eta }, cost, wait, now).WillMeetDeadline);
        Assert.True(Quote.Of(_job with { Deadline = now + 2 * wait + cost.Predict(_job).Safe }, cost, wait, now).WillMeetDeadline);
    }

    private static CostEstimate Taught()
    {
        CostEstimate cost = new();
        Random random = new(3);
        for (int i = 0; i < 500; i++)
        {
            int prefill = random.Next(300), decode = 1 + random.Next(30);
            cost.ObserveStep(prefill, decode, decode * 200L, TimeSpan.FromSeconds(0.004 + prefill * 2e-5 + decode * 5e-5));
            int tokens = 1 + random.Next(50);
            cost.Ended(_job, 0, tokens, TimeSpan.FromSeconds(0.03 + tokens * 0.008));
        }
        return cost;
    }
}
