using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

public sealed class FormerOrderTests
{
    [Fact]
    public void Interactive_goes_before_standard_before_bulk()
    {
        FormerBench bench = new();
        WaitingJob bulk = bench.Add(JobClass.Bulk), standard = bench.Add(), interactive = bench.Add(JobClass.Interactive);
        Assert.Equal([interactive.Id, standard.Id, bulk.Id], bench.Batch());
    }

    [Fact]
    public void Within_a_class_the_earliest_safe_start_goes_first()
    {
        FormerBench bench = new FormerBench().Taught();
        WaitingJob late = bench.Add(deadline: 60_000), soon = bench.Add(deadline: 30_000), @long = bench.Add(deadline: 31_000, max: 500);
        Assert.Equal([@long.Id, soon.Id, late.Id], bench.Batch());
    }

    [Fact]
    public void A_job_near_its_safe_start_goes_before_a_better_class_that_can_wait_but_not_before_interactive()
    {
        FormerBench bench = new FormerBench().Taught();
        WaitingJob standard = bench.Add(deadline: 600_000), bulk = bench.Add(JobClass.Bulk, deadline: 400), interactive = bench.Add(JobClass.Interactive);
        Assert.Equal([interactive.Id, bulk.Id, standard.Id], bench.Batch());
    }

    [Fact]
    public void Equal_deadlines_keep_a_shared_prefix_together()
    {
        FormerBench bench = new();
        WaitingJob a1 = bench.Add(prefix: 1), b1 = bench.Add(prefix: 2);
        bench.Clock.Pass(1);
        WaitingJob b2 = bench.Add(prefix: 2), a2 = bench.Add(prefix: 1);
        Assert.Equal([a1.Id, a2.Id, b1.Id, b2.Id], bench.Batch());
    }

    [Fact]
    public void Equal_deadlines_keep_prefix_order_in_a_thousand_random_backlogs()
    {
        for (int seed = 0; seed < 1000; seed++)
        {
            Random random = new(seed);
            FormerBench bench = new FormerBench().Taught();
            bench.Room = EngineRoom.Empty(random.Next(2, 17), 4096, random.Next(20, 200));
            bool chained = random.Next(2) == 0;
            Dictionary<JobId, long> prefixes = [];
            for (int i = 0, jobs = random.Next(2, 41); i < jobs; i++)
            {
                long prefix = random.Next(1, 7);
                long[]? chain = chained ? [.. Enumerable.Range(0, 4).Select(page => (prefix * 10) + page), 100 + i] : null; // most of each prompt
                prefixes.Add(bench.Add(deadline: 600_000, prompt: random.Next(80, 120), max: random.Next(1, 60), prefix: prefix, chain: chain).Id, prefix);
            }
            while (bench.Batch() is { Length: > 0 } batch)
            {
                long[] order = [.. batch.Select(id => prefixes[id])];
                int turns = 1 + order.Zip(order.Skip(1)).Count(pair => pair.First != pair.Second);
                Assert.True(turns == order.Distinct().Count(), $"seed {seed}: {string.Join(' ', order)}");
            }
            Assert.Equal(0, bench.Former.Count);
        }
    }

    [Fact]
    public void Nested_prefixes_go_by_the_longest_that_is_shared()
    {
        FormerBench bench = new() { Room = EngineRoom.Empty(8, 4096, 64) };
        WaitingJob first = Add(1, 2, 3, 4), far = Add(9), sibling = Add(1, 2, 7), cousin = Add(1, 8), twin = Add(1, 2, 3, 5);
        Assert.Equal([first.Id, twin.Id, sibling.Id, cousin.Id, far.Id], bench.Batch());

        WaitingJob Add(params long[] chain)
        {
            bench.Clock.Pass(1);
            return bench.Add(prompt: 100, chain: chain);
        }
    }

    [Fact]
    public void A_job_leaves_with_the_chain_that_it_came_with()
    {
        FormerBench bench = new();
        WaitingJob[] jobs = [bench.Add(chain: [1, 2, 3]), bench.Add(chain: [1, 2, 4]), bench.Add()];
        Assert.Equal(jobs.Select(job => (job.Id, string.Join(' ', job.Chain.ToArray()))), bench.Next().Batch!.Jobs.Select(job => (job.Id, string.Join(' ', job.Chain.ToArray()))));
    }

    [Fact]
    public void A_small_group_is_not_starved_by_a_prefix_that_keeps_arriving()
    {
        FormerBench bench = new(new FormerOptions { MostPasses = 4 }) { Room = EngineRoom.Empty(2, 256, 64) };
        Add(1);
        Add(1);
        WaitingJob lone = Add(2);
        // two batches of the prefix's own turn, two that pass, and then
        for (int batch = 0; batch < 5; batch++)
        {
            bench.Clock.Pass(10);
            Add(1);
            Add(1);
            if (bench.Batch().Contains(lone.Id)) return;
        }
        Assert.Fail("the lone prefix never had its turn");

        WaitingJob Add(long prefix) => bench.Add(prompt: 40, chain: [prefix, prefix + 100]);
    }

    [Fact]
    public void A_job_without_deadline_ages_past_those_that_have_one()
    {
        FormerBench bench = new FormerBench().Taught();
        bench.Room = EngineRoom.Empty(1, 256, 64);
        WaitingJob undated = bench.Add();
        Assert.NotEqual(undated.Id, Assert.Single(With(bench, 60_000)));
        bench.Clock.Pass(10 * 60_000);
        Assert.Equal(undated.Id, Assert.Single(With(bench, 60_000)));

        static JobId[] With(FormerBench bench, double deadline)
        {
            bench.Add(deadline: deadline);
            return bench.Batch();
        }
    }

    [Fact]
    public void A_job_taken_out_and_added_as_a_more_urgent_one_goes_as_that()
    {
        FormerBench bench = new();
        WaitingJob first = bench.Add(), second = bench.Add();
        Assert.False(bench.Former.Remove(JobId.New(bench.Clock)));
        Assert.True(bench.Former.Remove(second.Id));
        Assert.True(bench.Former.Add(second with { Class = JobClass.Interactive }));
        FormedBatch batch = bench.Next().Batch!;
        Assert.Equal([second.Id, first.Id], batch.Jobs.Select(j => j.Id));
        Assert.Equal([JobClass.Interactive, JobClass.Standard], batch.Jobs.Select(j => j.Class));
    }

    [Fact]
    public void The_order_follows_what_the_estimate_learns()
    {
        FormerBench bench = new() { Room = EngineRoom.Empty(1, 256, 64) };
        WaitingJob wordy = bench.Add(deadline: 50_000, prompt: 1, max: 100), @short = bench.Add(deadline: 49_000, prompt: 100, max: 1);
        for (int i = 0; i < 400; i++) bench.Cost.Observe(100, 0, TimeSpan.FromSeconds(10));
        for (int i = 0; i < 400; i++) bench.Cost.Observe(0, 10, TimeSpan.FromMilliseconds(1));
        Assert.Equal(@short.Id, Assert.Single(bench.Batch()));
        Assert.Equal(wordy.Id, Assert.Single(bench.Batch()));
    }

    [Fact]
    public void A_doubled_ticket_does_not_run_a_job_twice()
    {
        FormerBench bench = new();
        WaitingJob job = bench.Add();
        Assert.False(bench.Former.Add(job));
        Assert.Single(bench.Batch());
        Assert.Empty(bench.Batch());
    }
}
