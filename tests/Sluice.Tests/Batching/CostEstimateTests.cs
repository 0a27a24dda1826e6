using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

public sealed class CostEstimateTests
{
    private static readonly WaitingJob _job = new()
    {
        Id = new JobId(Guid.Empty),
        Tenant = "t",
        Class = JobClass.Bulk,
        PromptTokens = 100,
        MaxNewTokens = 10,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    [Fact]
    public void It_expects_nothing_and_fears_much_before_it_has_seen_enough()
    {
        CostEstimate cost = new();
        Assert.Equal(TimeSpan.Zero, cost.Predict(_job).Expected);
        Assert.True(cost.Predict(_job).Safe >= TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void It_learns_both_rates_from_mixed_observations()
    {
        CostEstimate cost = new();
        Random random = new(5);
        for (int i = 0; i < 4000; i++)
        {
            int prompt = random.Next(1, 400), fresh = random.Next(0, 60);
            cost.Observe(prompt, fresh, TimeSpan.FromMilliseconds(prompt * 0.5 + fresh * 8));
        }
        Assert.InRange(cost.SecondsPerPromptToken * 1000, 0.45, 0.55);
        Assert.InRange(cost.SecondsPerNewToken * 1000, 7.2, 8.8);
        Assert.InRange(cost.RelativeError, 0, 0.15);
        Assert.Equal(0.13, cost.Predict(_job).Expected.TotalSeconds, 0.013);
    }

    [Fact]
    public void Many_kinds_of_jobs_that_end_once_do_not_make_it_forget_those_that_end_often()
    {
        CostEstimate cost = new();
        WaitingJob often = _job with { Workload = -1, MaxNewTokens = 100 };
        for (int i = 0; i < 32; i++) cost.Ended(often, 0, 5, TimeSpan.FromMilliseconds(100));
        for (int i = 0; i < 20_000; i++) cost.Ended(_job with { Workload = i }, 0, 5, TimeSpan.FromMilliseconds(100));
        Assert.Equal(5, cost.LikelyNewTokens(often));
    }

    [Fact]
    public void How_long_a_job_is_likely_to_run_follows_a_thousand_steps_and_not_the_last_fifty()
    {
        CostEstimate cost = new(), later = new();
        WaitingJob job = _job with { PromptTokens = 1, MaxNewTokens = 100 };
        for (int i = 0; i < 2000; i++) cost.ObserveStep(0, 10, 1000, TimeSpan.FromMilliseconds(10));
        for (int i = 0; i < 100; i++) cost.ObserveStep(0, 10, 1000, TimeSpan.FromMilliseconds(30));
        Assert.InRange(cost.SecondsPerNewToken, 0.025, 0.031);
        Assert.InRange(cost.Middling(job).TotalSeconds, 1, 1.5);
        later.Restore(cost.Learned());
        Assert.InRange(later.Middling(job).TotalSeconds, 1, 1.5);
    }

    [Fact]
    public void While_many_come_a_job_takes_as_much_longer_as_steps_do()
    {
        CostEstimate calm = new(), busy = new();
        Random random = new(1);
        for (int i = 0; i < 2000; i++)
        {
            int prefill = random.Next(500), came = random.Next(10);
            calm.ObserveStep(prefill, 1, 0, TimeSpan.FromSeconds(0.001 + 20e-6 * prefill));
            busy.ObserveStep(prefill, 1, 0, TimeSpan.FromSeconds(0.001 + 20e-6 * prefill + came * 1e-3), came);
        }
        Assert.Equal(0.006 + 4.5e-3, busy.Coefficients().A + 250 * busy.Coefficients().B + busy.Coefficients().E * 4.5, 0.0005);
        Assert.Equal(10.5 / 6, busy.SecondsPerPromptToken / calm.SecondsPerPromptToken, 0.15);
        Assert.Equal(10.5 / 6, busy.Work(_job, 0) / calm.Work(_job, 0), 0.15);
    }

    [Fact]
    public void Its_margin_widens_when_it_is_wrong()
    {
        CostEstimate steady = new(), erratic = new();
        for (int i = 0; i < 500; i++)
        {
            steady.Observe(100, 10, TimeSpan.FromSeconds(1));
            erratic.Observe(100, 10, TimeSpan.FromSeconds(i % 2 == 0 ? 0.4 : 1.6));
        }
        Assert.Equal(1.1, Margin(steady), 0.01);
        Assert.True(Margin(erratic) > 1.8);

        static double Margin(CostEstimate cost) => cost.Predict(_job).Safe / cost.Predict(_job).Expected;
    }

    [Fact]
    public void An_engine_that_tells_of_no_steps_gets_as_much_done_as_before()
    {
        CostEstimate first = new(), second = new();
        second.Restore(first.Learned());
        second.Saturated(true, EngineRoom.Empty(8, 256, 64));
        for (int i = 0; i < 1000; i++) second.Ended(_job, 0, 10, TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, second.Efficiency);
    }

    [Fact]
    public void What_took_no_time_or_no_tokens_teaches_nothing()
    {
        CostEstimate cost = new();
        cost.Observe(0, 0, TimeSpan.FromSeconds(1));
        cost.Observe(10, 1, TimeSpan.Zero);
        Assert.Equal(0, cost.Observations);
        Assert.Throws<ArgumentOutOfRangeException>(() => cost.Observe(-1, 0, TimeSpan.FromSeconds(1)));
    }
}
