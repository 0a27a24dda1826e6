using Sluice.Batching.Simulation;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching.Simulation;

/// <summary>
/// More room need not help every job: with more beside it a job decodes more slowly, what is given up depends on what the estimate has seen, and a schedule that
/// begins otherwise goes on otherwise (Graham's anomalies). So the deadlines that are met with less and missed with more are counted, against all that were met.
/// </summary>
public sealed class CapacityTests(ITestOutputHelper output)
{
    private const int Backlogs = 10_000;
    private static readonly SimLimits _less = new() { Sequences = 3, StepTokens = 256, Pages = 160 };
    private static readonly SimLimits _more = new() { Sequences = 6, StepTokens = 512, Pages = 320 };

    [Fact]
    public void More_capacity_loses_few_deadlines_that_less_met_and_gains_many()
    {
        int met = 0, lost = 0, gained = 0, lostByMuch = 0;
        for (int seed = 0; seed < Backlogs; seed++)
        {
            SimJob[] jobs = Jobs(new Random(seed));
            SimRecord[] less = Simulator.Run(jobs, _less, new FormerPolicy()).Records, more = Simulator.Run(jobs, _more, new FormerPolicy()).Records;
            foreach (SimJob job in jobs)
            {
                bool before = less[job.Index].OnTime(job), after = more[job.Index].OnTime(job);
                met += before ? 1 : 0;
                gained += after && !before ? 1 : 0;
                if (!before || after) continue;
                lost++;
                // decoding beside more others: at most the time that a fuller step takes longer
                if (more[job.Index].Dropped || more[job.Index].EndedAt > job.Deadline + 0.1 * (job.Deadline - job.Arrival)) lostByMuch++;
            }
        }
        output.WriteLine($"{Backlogs} backlogs: {met} deadlines met; with twice the room {gained} more, {lost} of the former missed, {lostByMuch} of them by more than a tenth of their time");
        Assert.True(met > Backlogs, $"{met} met: too few to tell");
        Assert.InRange(lost, 0, met / 100);
        Assert.True(gained > 4 * lost, $"{gained} gained, {lost} lost");
    }

    private static SimJob[] Jobs(Random random)
    {
        double at = 0;
        return [.. Enumerable.Range(0, 16).Select(index =>
        {
            at += random.NextDouble() * 0.15;
            int prompt = random.Next(20, 900);
            return new SimJob
            {
                Index = index,
                Arrival = at,
                Deadline = at + 0.1 + random.NextDouble() * random.NextDouble() * 4,
                Class = (JobClass)random.Next(3),
                Tenant = $"t{random.Next(3)}",
                Prompt = prompt,
                Output = random.Next(1, 60),
                Max = 64,
                Blocks = [.. Enumerable.Range(random.Next(3) * 10, (prompt - 1) / TraceFile.BlockTokens)],
            };
        })];
    }
}
