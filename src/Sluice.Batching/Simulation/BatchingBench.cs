namespace Sluice.Batching.Simulation;

/// <summary>
/// Replays a trace under the former, the baselines and with hindsight. Capacity is what the engine delivers when the whole trace waits from the beginning and is
/// run first come, first served: at load 1 the arrivals spread over just that time.
/// </summary>
internal sealed class BatchingBench(IReadOnlyList<TraceRequest> trace, int seed, SimLimits limits)
{
    private readonly QuoteScore _quotes = new(limits);
    private readonly List<Targets> _targets = [];

    /// <summary>Seconds for the whole trace at full load.</summary>
    public double Makespan { get; } = Saturate(trace, limits);

    public double Capacity => trace.Sum(request => (double)request.PromptTokens + request.NewTokens) / Makespan;

    /// <summary>How often a trace is laid over itself so that at load 1 it keeps its recorded length, at most 16 times.</summary>
    public static int Copies(IReadOnlyList<TraceRequest> trace, SimLimits limits) =>
        Math.Clamp((int)Math.Round(trace[^1].Seconds / Saturate(trace, limits)), 1, 16);

    public LoadReport Run(double load, Action<string>? progress = null)
    {
        SimJob[] jobs = Workload.Create(trace, seed, Makespan / load);
        long bound = Measured.RadixBound(jobs);
        Dictionary<string, PolicyReport> policies = [];
        FormerPolicy former = new();
        SimRunRecord own = Play("sluice", former);
        foreach (SimJob job in load <= 1 ? jobs : []) _quotes.Add(job, own.Records[job.Index], former.Quotes[job.Index]);
        foreach ((string name, SimOrder order) in Orders) Play(name, new OrderedPolicy(order, limits));
        progress?.Invoke($"load {load}: hindsight");
        double best = Math.Max(Hindsight.OnTime(jobs, limits, load), policies.Values.Max(policy => policy.OnTimeTok));
        LoadReport report = new(load, best, bound, policies);
        _targets.Add(Targets.Of(report, own, Capacity, limits));
        return report;

        SimRunRecord Play(string name, ISimPolicy policy)
        {
            progress?.Invoke($"load {load}: {name}");
            SimRunRecord run = Simulator.Run(jobs, limits, policy);
            policies.Add(name, Measured.Of(run, bound));
            return run;
        }
    }

    /// <summary>One for each load run so far.</summary>
    public IReadOnlyList<Targets> Standing => _targets;

    /// <summary>Quotes of all loads run so far that are at most 1.</summary>
    public QuoteScore Quoted => _quotes;

    public static IReadOnlyList<(string Name, SimOrder Order)> Orders { get; } =
    [
        ("fcfs", SimOrder.Fcfs), ("priority_prefix", SimOrder.PriorityPrefix), ("edf", SimOrder.Edf), ("edf_cost", SimOrder.EdfCost),
        ("least_laxity", SimOrder.LeastLaxity), ("longest_prefix", SimOrder.LongestPrefix),
    ];

    private static double Saturate(IReadOnlyList<TraceRequest> trace, SimLimits limits)
    {
        SimJob[] jobs = Workload.Create(trace, 0, 0);
        return Simulator.Run([.. jobs.Select(job => job.Undated())], limits, new OrderedPolicy(SimOrder.Fcfs, limits)).EndedAt;
    }
}
