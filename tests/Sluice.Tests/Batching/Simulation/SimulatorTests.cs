using Sluice.Batching.Simulation;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching.Simulation;

public sealed class SimulatorTests
{
    private static readonly SimLimits _limits = new();

    [Fact]
    public void Every_job_leaves_once_as_run_or_dropped_under_every_policy()
    {
        SimJob[] jobs = Jobs(600, load: 2);
        foreach (ISimPolicy policy in Enum.GetValues<SimOrder>().Select(order => (ISimPolicy)new OrderedPolicy(order, _limits)).Append(new FormerPolicy()))
        {
            SimRunRecord run = Simulator.Run(jobs, _limits, policy);
            Assert.Equal(0, policy.Waiting);
            Assert.All(jobs, job => Assert.True(run.Records[job.Index].EndedAt >= job.Arrival));
            Assert.All(jobs, job => Assert.True(run.Records[job.Index].Dropped || run.Records[job.Index].StartedAt >= job.Arrival));
        }
    }

    [Fact]
    public void A_workload_is_the_same_for_the_same_seed_and_another_for_another()
    {
        List<TraceRequest> trace = Trace(500);
        Assert.Equal(Workload.Create(trace, 1, 60).Select(Facts), Workload.Create(trace, 1, 60).Select(Facts));
        Assert.NotEqual(Workload.Create(trace, 1, 60).Select(Facts), Workload.Create(trace, 2, 60).Select(Facts));

        static (double, JobClass, string) Facts(SimJob job) => (job.Deadline, job.Class, job.Tenant);
    }

    [Fact]
    public void The_same_workload_gives_the_same_schedule()
    {
        SimJob[] jobs = Jobs(600, load: 1.3);
        Assert.Equal(Simulator.Run(jobs, _limits, new FormerPolicy()).Records, Simulator.Run(jobs, _limits, new FormerPolicy()).Records);
    }

    [Fact]
    public void An_hour_at_nine_tenths_of_capacity_shows_no_decay()
    {
        List<TraceRequest> trace = Trace(30_000);
        double makespan = new BatchingBench(trace, 1, _limits).Makespan;
        SimJob[] jobs = Workload.Create(Workload.Lay(trace, (int)Math.Ceiling(3600 * 0.9 / makespan), 1), 1, 3600);
        SimRunRecord run = Simulator.Run(jobs, _limits, new FormerPolicy());
        double first = Delivered(600, 1800), last = Delivered(2400, 3600);
        Assert.InRange(last / first, 0.95, 1.05);
        Assert.True(run.EndedAt < 3700, $"the last job left at {run.EndedAt:F0} s");

        double Delivered(double from, double to) =>
            jobs.Where(job => run.Records[job.Index] is { Dropped: false } r && r.EndedAt >= from && r.EndedAt < to).Sum(job => (double)job.Tokens) / (to - from);
    }

    [Fact]
    public void Whoever_comes_while_a_step_runs_makes_it_longer()
    {
        SimJob[] jobs = [Job(0, 0, 10_000, prompt: 100, output: 1), Job(1, 0.001, 10_000, prompt: 100, output: 1), Job(2, 5, 10_000, prompt: 100, output: 1)];
        SimLimits limits = _limits with { Costs = new SimCosts(0.1, 0, 0, 0, Arrival: 0.5) };
        SimRunRecord run = Simulator.Run(jobs, limits, new OrderedPolicy(SimOrder.Fcfs, limits));
        Assert.Equal([0.6, 0.7, 5.1], run.Records.Select(record => Math.Round(record.EndedAt, 6)));
    }

    [Fact]
    public void A_queue_time_out_fires_while_the_engine_is_busy()
    {
        // one job holds all pages for minutes; the other's deadline passes meanwhile
        SimJob[] jobs = [Job(0, 0, 10_000, prompt: 1000, output: 9000), Job(1, 1, 3, prompt: 1000, output: 10)];
        SimRunRecord run = Simulator.Run(jobs, _limits with { Pages = 640 }, new FormerPolicy());
        Assert.True(run.Records[1].Dropped);
        Assert.InRange(run.Records[1].EndedAt, 2, 3.1);
        Assert.True(run.Records[0].EndedAt > 30 && run.Engine.Preemptions == 0);
    }

    [Fact]
    public void Above_capacity_the_former_delivers_more_on_time_than_any_baseline()
    {
        List<TraceRequest> trace = Trace(20_000);
        LoadReport report = new BatchingBench(trace, 1, _limits).Run(2);
        double best = report.Policies.Where(p => p.Key != "sluice").Max(p => p.Value.OnTimeTok);
        Assert.True(report.Policies["sluice"].OnTimeTok > best, $"{report.Policies["sluice"].OnTimeTok} against {best}");
        Assert.True(report.ClairvoyantOnTimeTok >= report.Policies["sluice"].OnTimeTok);
    }

    private static SimJob[] Jobs(int count, double load)
    {
        List<TraceRequest> trace = Trace(count);
        return Workload.Create(trace, 1, new BatchingBench(trace, 1, _limits).Makespan / load);
    }

    private static SimJob Job(int index, double arrival, double deadline, int prompt, int output) => new()
    {
        Index = index,
        Arrival = arrival,
        Deadline = deadline,
        Class = JobClass.Standard,
        Tenant = "t",
        Prompt = prompt,
        Output = output,
        Max = output,
        Blocks = [],
    };

    /// <summary>Requests of many conversations, at whatever turn: the last minute is like the first.</summary>
    private static List<TraceRequest> Trace(int count)
    {
        Random random = new(5);
        List<TraceRequest> trace = [];
        for (int i = 0; i < count; i++)
        {
            int talk = random.Next(count / 10), prompt = 300 + 400 * random.Next(12);
            trace.Add(new(i * 0.1, prompt, 1 + (int)(200 * random.NextDouble() * random.NextDouble()), [.. Enumerable.Range(talk * 100, (prompt - 1) / TraceFile.BlockTokens)]));
        }
        return trace;
    }
}
