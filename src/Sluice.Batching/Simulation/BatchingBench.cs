namespace Sluice.Batching.Simulation;

/// <summary>
/// Replays a trace under the former, the baselines and with hindsight. Capacity is what the engine delivers when the whole trace waits from the beginning and is
/// run first come, first served: at load 1 the arrivals spread over just that time.
/// </summary>
internal sealed class BatchingBench(IReadOnlyList<TraceRequest> trace, int seed, SimLimits limits)
{
    private readonly List<double> _errors = [];
    private int _promised, _kept;

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
        if (load <= 1) Quotes(own, former);
        foreach ((string name, SimOrder order) in Orders) Play(name, new OrderedPolicy(order, limits));
        progress?.Invoke($"load {load}: hindsight");
        double best = Math.Max(Hindsight.OnTime(jobs, limits, load), policies.Values.Max(policy => policy.OnTimeTok));
        return new(load, best, bound, policies);

        SimRunRecord Play(string name, ISimPolicy policy)
        {
            progress?.Invoke($"load {load}: {name}");
            SimRunRecord run = Simulator.Run(jobs, limits, policy);
            policies.Add(name, Measured.Of(run, bound));
            return run;
        }
    }

    /// <summary>Of all loads run so far that are at most 1.</summary>
    public QuoteReport Quoted()
    {
        double[] sorted = [.. _errors.Order()];
        return new(sorted.Length == 0 ? 0 : Math.Round(sorted[sorted.Length / 2], 4), _promised == 0 ? 1 : Math.Round((double)_kept / _promised, 4));
    }

    public static IReadOnlyList<(string Name, SimOrder Order)> Orders { get; } =
    [
        ("fcfs", SimOrder.Fcfs), ("priority_prefix", SimOrder.PriorityPrefix), ("edf", SimOrder.Edf), ("edf_cost", SimOrder.EdfCost),
        ("least_laxity", SimOrder.LeastLaxity), ("longest_prefix", SimOrder.LongestPrefix),
    ];

    private void Quotes(SimRunRecord run, FormerPolicy former)
    {
        foreach (SimJob job in run.Jobs)
        {
            SimRecord record = run.Records[job.Index];
            Quote quote = former.Quotes[job.Index];
            if (!record.Dropped) _errors.Add(Math.Abs(SimClock.Of(quote.Eta) - record.EndedAt) / Math.Max(record.EndedAt - job.Arrival, 1e-3));
            if (!quote.WillMeetDeadline) continue;
            _promised++;
            if (record.OnTime(job)) _kept++;
        }
    }

    private static double Saturate(IReadOnlyList<TraceRequest> trace, SimLimits limits)
    {
        SimJob[] jobs = Workload.Create(trace, 0, 0);
        return Simulator.Run([.. jobs.Select(job => job.Undated())], limits, new OrderedPolicy(SimOrder.Fcfs, limits)).EndedAt;
    }
}
