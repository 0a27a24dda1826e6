using Sluice.Batching.Simulation;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching.Simulation;

public sealed class SimEngineTests
{
    private static readonly SimLimits _limits = new() { Sequences = 8, StepTokens = 1024, Pages = 1000 };

    [Fact]
    public void A_prompt_is_computed_in_chunks_and_its_last_chunk_gives_the_first_token()
    {
        SimEngine engine = new(_limits);
        engine.Hand(Job(0, prompt: 1500, output: 3), 1, 100);
        Assert.Equal([(1024, 0), (476, 0), (0, 1), (0, 1)], Run(engine).Select(s => (s.Prefill, s.Decode)));
    }

    [Fact]
    public void Positions_attended_to_are_those_of_each_row()
    {
        SimEngine engine = new(_limits);
        engine.Hand(Job(0, prompt: 10, output: 2), 1, 100);
        Assert.Equal([55, 11], Run(engine).Select(s => s.Kv));
    }

    [Fact]
    public void A_shared_prefix_is_computed_once_also_by_jobs_that_come_together()
    {
        SimEngine engine = new(_limits);
        for (int i = 0; i < 4; i++) engine.Hand(Job(i, prompt: 1100, output: 2, [1, 2]), 1, 100);
        Run(engine);
        Assert.Equal(1100 + 3 * (1100 - 1024), engine.PrefillTokens);
        Assert.Equal(3 * 1024, engine.SavedTokens);
    }

    [Fact]
    public void Every_page_is_free_or_kept_for_its_prefix_when_all_is_done()
    {
        SimEngine engine = new(_limits);
        Random random = new(3);
        List<SimRun> finished = [];
        for (int i = 0; i < 400; i++)
        {
            int prompt = random.Next(1, 3000);
            int family = random.Next(4);
            engine.Hand(Job(i, prompt, random.Next(1, 200), [.. Enumerable.Range(family * 100, (prompt - 1) / TraceFile.BlockTokens)]), random.Next(3), 150);
            for (int step = random.Next(20); step > 0 && !engine.Idle; step--) engine.Step(0, finished);
        }
        while (!engine.Idle) engine.Step(0, finished);
        Assert.Equal(400, finished.Count);
        Assert.All(finished, run => Assert.Equal(run.Job.Output, run.Generated));
        Assert.Equal(_limits.Pages, engine.Cache.Available);
        Assert.Equal(0, engine.Cache.Duplicates);
        Assert.True(engine.Preemptions > 0, "nothing gave way");
        Assert.Equal(_limits.Pages, engine.Room().FreePages);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public void In_a_service_room_that_became_free_is_heard_of_when_the_next_step_has_begun(bool service, int heardAtOnce)
    {
        SimEngine engine = new(_limits with { Sequences = 2, LikeService = service });
        List<SimRun> finished = [];
        engine.Hand(Job(0, prompt: 10, output: 2), 1, 5);
        engine.Hand(Job(1, prompt: 10, output: 6), 1, 5);
        while (finished.Count == 0) engine.Step(0, finished);
        Assert.Equal(heardAtOnce, engine.Room().FreeSequences);
        Assert.Equal(_limits.Pages - (2 - heardAtOnce) * 5, engine.Room().FreePages);
        engine.Step(0, finished);
        Assert.Equal(1, engine.Room().FreeSequences);
        while (!engine.Idle) engine.Step(0, finished);
        Assert.Equal((2, _limits.Pages), (engine.Room().FreeSequences, engine.Room().FreePages)); // nothing runs that could be in the way
    }

    [Fact]
    public void An_interactive_job_takes_the_pages_of_bulk_ones()
    {
        SimEngine engine = new(_limits with { Pages = 100 });
        List<SimRun> finished = [];
        engine.Hand(Job(0, prompt: 1000, output: 300), 2, 90);
        engine.Step(0, finished);
        engine.Hand(Job(1, prompt: 900, output: 1), 0, 60);
        while (finished.Count == 0) engine.Step(0, finished);
        Assert.Equal(1, finished[0].Job.Index);
        Assert.Equal(1, engine.Preemptions);
    }

    private static SimJob Job(int index, int prompt, int output, int[]? blocks = null) => new()
    {
        Index = index,
        Arrival = 0,
        Deadline = 1e6,
        Class = JobClass.Standard,
        Tenant = "t",
        Prompt = prompt,
        Output = output,
        Max = 2048,
        Blocks = blocks ?? [],
    };

    private static List<(int Prefill, int Decode, long Kv, double Seconds, int Came)> Run(SimEngine engine)
    {
        List<(int, int, long, double, int)> steps = [];
        List<SimRun> finished = [];
        while (!engine.Idle)
        {
            engine.Step(0, finished);
            steps.Add(engine.Last);
        }
        return steps;
    }
}
