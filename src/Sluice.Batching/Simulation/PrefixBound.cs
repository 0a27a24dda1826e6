namespace Sluice.Batching.Simulation;

/// <summary>
/// What no schedule that keeps every deadline can exceed in prompt tokens saved with so many KV pages. Between two uses of a block, in order of arrival, it must
/// lie in pages at least from the last deadline of those before to the arrival of the next: only jobs that both may run in one moment need no keeping. The pages
/// hold so many token-seconds from the first arrival to the last deadline; the cheapest uses are granted until those are spent. (A bound, not a schedule: it
/// lets jobs wait for company that only a clairvoyant sees coming, and the pages of running jobs cost nothing.)
/// </summary>
internal static class PrefixBound
{
    public static long Finite(SimJob[] jobs, SimLimits limits)
    {
        Dictionary<int, double> latest = []; // by block, the last deadline of those that used it
        List<double> kept = []; // seconds, of each use after the first
        double end = 0;
        foreach (SimJob job in jobs)
        {
            end = Math.Max(end, job.Deadline);
            foreach (int block in job.Blocks)
            {
                if (latest.TryGetValue(block, out double deadline)) kept.Add(Math.Max(0, job.Arrival - deadline));
                latest[block] = Math.Max(deadline, job.Deadline);
            }
        }
        kept.Sort();
        double left = (double)limits.Pages * SimLimits.PageTokens * end;
        int granted = 0;
        while (granted < kept.Count && (left -= kept[granted] * TraceFile.BlockTokens) >= 0) granted++;
        return (long)granted * TraceFile.BlockTokens;
    }
}
