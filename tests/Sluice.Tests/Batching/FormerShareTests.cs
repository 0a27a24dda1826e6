using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

/// <summary>Tenants' shares. A job here takes an engine of one sequence for its turn; shares are counted in tokens.</summary>
public sealed class FormerShareTests
{
    [Fact]
    public void A_tenant_that_comes_late_does_not_wait_for_all_that_another_queued_before()
    {
        FormerBench bench = Bench();
        for (int i = 0; i < 2000; i++) bench.Add(tenant: "heavy");
        Take(bench, 200);
        bench.Clock.Pass(10_000);
        for (int i = 0; i < 10; i++) bench.Add(tenant: "light");
        Assert.Equal(10, Take(bench, 12).Count(job => job.Tenant == "light"));
    }

    [Theory]
    [InlineData(1, 0.5)]
    [InlineData(3, 0.75)]
    public void Tenants_that_both_want_all_get_tokens_by_their_weights(double weight, double share)
    {
        FormerBench bench = Bench(new() { TenantWeights = new Dictionary<string, double> { ["a"] = weight } });
        for (int i = 0; i < 2000; i++)
        {
            bench.Add(tenant: "a", prompt: 16, max: 16);
            bench.Add(tenant: "b", prompt: 128, max: 16); // fewer jobs of more tokens
        }
        WaitingJob[] taken = Take(bench, 800);
        double tokens = taken.Sum(Tokens);
        Assert.Equal(share, taken.Where(job => job.Tenant == "a").Sum(Tokens) / tokens, 0.03);

        static double Tokens(WaitingJob job) => job.PromptTokens + job.MaxNewTokens;
    }

    [Fact]
    public void What_others_leave_is_for_whoever_wants_it()
    {
        FormerBench bench = Bench();
        for (int i = 0; i < 300; i++) bench.Add(tenant: "heavy");
        for (int i = 0; i < 3; i++) bench.Add(tenant: "light");
        Assert.Equal(303, Take(bench, 303).Length);
    }

    [Theory]
    [InlineData(JobClass.Interactive)]
    [InlineData(JobClass.Standard)]
    [InlineData(JobClass.Bulk)]
    public void No_tenant_starves_whatever_the_others_bring(JobClass @class)
    {
        FormerBench bench = Bench();
        Random random = new(3);
        bench.Add(@class, tenant: "lone");
        for (int turn = 0; turn < 200; turn++)
        {
            for (int i = 0; i < 4; i++) bench.Add(@class, tenant: $"t{random.Next(3)}", prefix: 1);
            if (Take(bench, 1)[0].Tenant == "lone") return;
            bench.Clock.Pass(10);
        }
        Assert.Fail("it never had its turn");
    }

    [Theory]
    [InlineData(JobClass.Interactive)]
    [InlineData(JobClass.Standard)]
    public void Of_deadlines_that_cannot_all_be_met_a_heavy_tenant_loses_its_own(JobClass @class)
    {
        FormerBench bench = Bench().Taught(); // a job takes 0.26 s
        int lost = 0, ran = 0;
        for (int turn = 0; turn < 600; turn++)
        {
            // the heavy tenant alone brings three times what the engine does, always with the earlier deadlines
            for (int i = 0; i < 3; i++) bench.Add(@class, deadline: 25_000, tenant: "heavy", prompt: 100);
            if (turn % 10 == 0) bench.Add(@class, deadline: 30_000, tenant: "light", prompt: 100);
            FormerDecision decision = bench.Next();
            lost += decision.Expired.Count(leaving => leaving.Job.Tenant == "light");
            ran += decision.Batch?.Jobs.Count(job => job.Tenant == "light") ?? 0;
            bench.Clock.Pass(260);
        }
        Assert.Equal(0, lost);
        Assert.InRange(ran, 30, 60);
    }

    private static FormerBench Bench(FormerOptions? options = null) => new(options) { Room = EngineRoom.Empty(1, 256, 64) };

    private static WaitingJob[] Take(FormerBench bench, int count) => [.. Enumerable.Range(0, count).Select(_ => Assert.Single(bench.Next().Batch!.Jobs))];
}
