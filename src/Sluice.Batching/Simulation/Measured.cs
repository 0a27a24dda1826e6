using Sluice.Jobs;

namespace Sluice.Batching.Simulation;

/// <summary>Turns runs into figures.</summary>
internal static class Measured
{
    public static PolicyReport Of(SimRunRecord run, long radixBound)
    {
        double onTime = 0, ended = 0;
        foreach (SimJob job in run.Jobs)
        {
            SimRecord record = run.Records[job.Index];
            if (record.Dropped) continue;
            ended += job.Tokens;
            if (record.OnTime(job)) onTime += job.Tokens;
        }
        return new(
            onTime,
            Round(ended / Math.Max(run.EndedAt, 1e-9), 1),
            radixBound == 0 ? 0 : Round((double)run.Engine.SavedTokens / radixBound, 4),
            Enum.GetValues<JobClass>().ToDictionary(c => c.ToString().ToLowerInvariant(), c => Of(run, c)));
    }

    /// <summary>Prompt tokens less those of every block counted once.</summary>
    public static long RadixBound(SimJob[] jobs)
    {
        HashSet<int> seen = [];
        long saved = 0;
        foreach (SimJob job in jobs)
        {
            foreach (int block in job.Blocks) saved += seen.Add(block) ? 0 : TraceFile.BlockTokens;
        }
        return saved;
    }

    private static ClassReport Of(SimRunRecord run, JobClass @class)
    {
        SimJob[] jobs = [.. run.Jobs.Where(job => job.Class == @class)];
        double[] waits = [.. jobs.Where(job => !run.Records[job.Index].Dropped).Select(job => run.Records[job.Index].StartedAt - job.Arrival).Order()];
        return new(
            Round(jobs.Length == 0 ? 1 : jobs.Count(job => run.Records[job.Index].OnTime(job)) / (double)jobs.Length, 4),
            At(waits, 0.5),
            At(waits, 0.99),
            At(waits, 1));
    }

    private static double At(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : Round(sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))], 3);

    private static double Round(double value, int digits) => Math.Round(value, digits);
}
