namespace Sluice.Batching.Simulation;

/// <summary>
/// Schedules made with hindsight: every answer's length is known, and above capacity the set of jobs is chosen beforehand over all arrivals, those of least
/// tokens per second of work left out. The best of a few such schedules in the same simulator: a good clairvoyant schedule, which a better one may exceed.
/// </summary>
internal static class Hindsight
{
    public static double OnTime(SimJob[] jobs, SimLimits limits, double load)
    {
        double excess = Math.Max(0, 1 - 1 / load);
        double best = 0;
        foreach (double share in load <= 1 ? (double[])[0] : [0, excess / 3, excess * 2 / 3])
        {
            SimJob[] kept = Keep(jobs, limits, share);
            SimRunRecord run = Simulator.Run(kept, limits, new FormerPolicy(new FormerOptions { YieldAfter = TimeSpan.FromHours(1) }, knowsLengths: true));
            best = Math.Max(best, kept.Where(job => run.Records[job.Index].OnTime(job)).Sum(job => (double)job.Tokens));
        }
        return best;
    }

    /// <summary>All but the least dense, up to a share of all work.</summary>
    private static SimJob[] Keep(SimJob[] jobs, SimLimits limits, double share)
    {
        (SimJob Job, double Work)[] byDensity = [.. jobs.Select(job => (job, Work(job, limits.Costs))).OrderBy(pair => pair.job.Tokens / pair.Item2)];
        double left = byDensity.Sum(pair => pair.Work) * share;
        int skip = 0;
        while (skip < byDensity.Length && (left -= byDensity[skip].Work) > 0) skip++;
        int index = 0;
        return [.. byDensity.Skip(skip).Select(pair => pair.Job).OrderBy(job => job.Index).Select(job => job.At(index++))];
    }

    private static double Work(SimJob job, SimCosts costs) =>
        job.Prompt * costs.Prefill + costs.Kv * job.Prompt * job.Prompt / 2.0
        + job.Output * (costs.Decode + costs.Kv * (job.Prompt + job.Output / 2.0)) + costs.Step * job.Output * job.Tokens / 200_000.0;
}
