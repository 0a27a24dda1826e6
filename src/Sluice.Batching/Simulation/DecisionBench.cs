using Sluice.Jobs;

namespace Sluice.Batching.Simulation;

/// <summary>What a decision costs over a backlog.</summary>
/// <param name="Jobs">That wait.</param>
/// <param name="SharedPages">Of 64 pages of each prefix, those that it shares with others.</param>
/// <param name="P50Ms">Median time of a decision.</param>
/// <param name="AllocatedBytes">Per decision, the jobs that replace those handed over included.</param>
/// <param name="BytesPerJob">Memory of a waiting job, its chain included.</param>
internal sealed record DecisionCost(int Jobs, int SharedPages, double P50Ms, double P99Ms, double WorstMs, long AllocatedBytes, long BytesPerJob);

/// <summary>Measures decisions over a full backlog: jobs of all classes, with deadlines and prefixes of 64 pages, a few handed over at each.</summary>
internal static class DecisionBench
{
    private const int Decisions = 1000;
    private const int Marks = 64;

    public static DecisionCost Run(int jobs, int shared, TimeProvider watch)
    {
        SimClock clock = new() { Seconds = 0 };
        CostEstimate cost = new();
        for (int i = 0; i < 100; i++) cost.ObserveStep(i % 7 * 100, 1 + i % 60, 1000 * i, TimeSpan.FromSeconds(0.005 + i % 7 * 0.002 + (1 + i % 60) * 20e-6));
        Former former = new(new FormerOptions(), cost, clock);
        Random random = new(1);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < jobs; i++) former.Add(Job(i, shared, random, clock));
        long bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / jobs;
        EngineRoom room = EngineRoom.Empty(256, 1024, 12_500) with { Running = 200, FreeSequences = 8, FreePages = 2000, FreeStepTokens = 700 };
        double[] took = new double[Decisions];
        for (int i = 0; i < 50; i++) former.Next(room);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        int next = jobs;
        for (int i = 0; i < Decisions; i++)
        {
            clock.Seconds = i * 0.02;
            long start = watch.GetTimestamp();
            FormerDecision decision = former.Next(room);
            took[i] = watch.GetElapsedTime(start).TotalMilliseconds;
            for (int gone = decision.Expired.Count + (decision.Batch?.Jobs.Count ?? 0); gone > 0; gone--) former.Add(Job(next++, shared, random, clock));
        }
        allocated = (GC.GetAllocatedBytesForCurrentThread() - allocated) / Decisions;
        Array.Sort(took);
        return new(jobs, shared, took[Decisions / 2], took[Decisions * 99 / 100], took[^1], allocated, bytes);
    }

    private static WaitingJob Job(int number, int shared, Random random, SimClock clock)
    {
        int prefix = random.Next(500);
        long[] chain = new long[Marks];
        for (int i = 0; i < Marks; i++) chain[i] = i < shared ? prefix * 100L + i : -number * 100L - i;
        return new()
        {
            Id = new JobId(new Guid(number, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
            Tenant = $"t{number % 50}",
            Class = number % 10 == 0 ? JobClass.Interactive : number % 10 < 4 ? JobClass.Standard : JobClass.Bulk,
            Deadline = clock.GetUtcNow() + TimeSpan.FromSeconds(20 + random.NextDouble() * 3600),
            PromptTokens = 1024 + random.Next(512),
            MaxNewTokens = 200,
            PrefixKey = prefix,
            Chain = chain,
            CreatedAt = clock.GetUtcNow(),
        };
    }
}
