using System.Diagnostics;
using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

/// <summary>Alone: what other tests allocate meanwhile would count as memory of waiting jobs.</summary>
[CollectionDefinition(nameof(FormerSpeedTests), DisableParallelization = true)]
[Collection(nameof(FormerSpeedTests))]
public sealed class FormerSpeedTests(ITestOutputHelper output)
{
    // ten times what is seen, of the slowest of the cases below: what looks at every job of 100,000 takes longer all the same
    private const double MostMilliseconds = 5;
    private const long MostBytes = 512 * 1024; // allocated by one decision; 12 to 35 KB are seen, and one that moves many jobs takes more

    [Theory]
    [InlineData(10_000, true, 8192, 32)]
    [InlineData(10_000, true, 8192, 0)] // no page is shared: a chain costs most
    [InlineData(10_000, true, 8, 32)] // next to nobody fits
    [InlineData(10_000, false, 8192, 32)] // everybody may be in a hurry
    [InlineData(100_000, true, 8192, 32)]
    public void A_decision_over_a_large_backlog_is_quick_and_a_job_with_a_chain_of_64_pages_is_small(int backlog, bool taught, int freePages, int shared)
    {
        HandClock clock = new();
        CostEstimate cost = new();
        for (int i = 0; taught && i < 100; i++) cost.Observe(100, 10, TimeSpan.FromMilliseconds(100));
        Former former = new(new(), cost, clock);
        Random random = new(7);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < backlog; i++) former.Add(Job(random, clock, shared));
        double bytes = (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / backlog;

        List<double> times = [];
        List<long> allocated = [];
        for (int i = 0; i < 400; i++)
        {
            clock.Pass(5);
            EngineRoom room = EngineRoom.Empty(64, 4096, 8192) with { Running = 32, FreeSequences = 32, FreePages = freePages };
            long start = Stopwatch.GetTimestamp(), bytesBefore = GC.GetAllocatedBytesForCurrentThread();
            former.Next(room);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            allocated.Add(GC.GetAllocatedBytesForCurrentThread() - bytesBefore);
            for (int left = backlog - former.Count; left > 0; left--) former.Add(Job(random, clock, shared));
        }
        times.Sort();
        allocated.Sort();
        output.WriteLine($"{backlog} waiting, {freePages} pages, taught {taught}, {shared} of 64 pages shared: median {times[200]:F3} ms, p99 {times[396]:F3} ms; allocated median {allocated[200]:N0}, p99 {allocated[396]:N0} bytes; {bytes:F0} bytes per job");
        Assert.True(times[200] < MostMilliseconds, $"median {times[200]:F3} ms");
        Assert.InRange(allocated[200], 0, MostBytes);
        Assert.InRange(bytes, 0, 1023);
    }

    private static WaitingJob Job(Random random, HandClock clock, int shared)
    {
        int family = random.Next(50);
        return new()
        {
            Id = new JobId(Guid.NewGuid()),
            Tenant = $"t{random.Next(50)}",
            Class = (JobClass)random.Next(3),
            Deadline = random.Next(2) == 0 ? null : clock.Now.AddSeconds(random.Next(2, 3600)),
            PromptTokens = random.Next(1, 2000),
            MaxNewTokens = random.Next(1, 256),
            PrefixKey = family,
            Chain = new long[64].Select((_, i) => i < shared ? family * 100L + i : random.NextInt64()).ToArray(),
            CreatedAt = clock.Now,
        };
    }
}
