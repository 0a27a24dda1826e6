using System.Diagnostics;
using System.Globalization;
using Sluice.Jobs;
using Sluice.Store;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Store;

/// <summary>Jobs per second through each step of the store, and what one costs in processor time here and in Postgres. Run with <c>-explicit only</c>.</summary>
[Collection(PostgresTests.Name)]
public sealed class StoreBench(PostgresDatabase database) : StoreContract(new PostgresHost(database))
{
    [Theory(Explicit = true)]
    [InlineData(false, 10_000)]
    [InlineData(true, 10_000)]
    public async Task Jobs_per_second(bool cached, int jobs)
    {
        Guid worker = await WorkerAsync();
        int made = 0;
        float[] embedding = [.. Enumerable.Range(0, 384).Select(_ => 0.051f)];
        NewJob Make() => cached ? Twin($"prompt {Interlocked.Increment(ref made)}") with { Embedding = embedding } : Job($"prompt {Interlocked.Increment(ref made)}");
        // What is planned and compiled once is not counted.
        await WholeLifeAsync(worker, [.. Enumerable.Range(0, 500).Select(_ => Make())]);
        JobId[] ids = [];
        await MeasureAsync($"submit by 50, 4 at once{(cached ? ", keyed" : "")}", jobs, async () =>
        {
            NewJob[] all = [.. Enumerable.Range(0, jobs).Select(_ => Make())];
            await Parallel.ForEachAsync(all.Chunk(50), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (group, token) => await Store.SubmitAsync(group, token));
            ids = [.. all.Select(j => j.Id)];
        });
        await MeasureAsync("relay by 500", jobs, async () =>
        {
            while (await Store.RelayOutboxAsync(500, (_, _) => Task.CompletedTask, Token) > 0)
            {
            }
        });
        await MeasureAsync("reserve by 200", jobs, async () =>
        {
            foreach (JobId[] group in ids.Chunk(200))
            {
                await Store.ReserveAsync(worker, group, Token);
            }
        });
        List<Fence> fences = [];
        await MeasureAsync("claim by 32", jobs, async () =>
        {
            foreach (JobId[] group in ids.Chunk(32))
            {
                fences.AddRange((await Store.ClaimAsync(worker, group, Token)).Select(c => c.Fence));
            }
        });
        Assert.Equal(jobs, fences.Count);
        await MeasureAsync("finish by 32", jobs, async () =>
        {
            foreach (Fence[] group in fences.Chunk(32))
            {
                Assert.All(await Store.FinishAsync(worker, [.. group.Select(f => new JobOutcome { Fence = f, State = JobState.Succeeded, Result = Answer() })], Token), Assert.True);
            }
        });
    }

    private async Task WholeLifeAsync(Guid worker, NewJob[] jobs)
    {
        foreach (NewJob[] group in jobs.Chunk(50))
        {
            await Store.SubmitAsync(group, Token);
            JobId[] ids = [.. group.Select(j => j.Id)];
            await Store.ReserveAsync(worker, ids, Token);
            Fence[] fences = [.. (await Store.ClaimAsync(worker, ids, Token)).Select(c => c.Fence)];
            await Store.FinishAsync(worker, [.. fences.Select(f => new JobOutcome { Fence = f, State = JobState.Succeeded, Result = Answer() })], Token);
        }
        await RelayAsync();
    }

    private static async Task MeasureAsync(string step, int jobs, Func<Task> work)
    {
        TimeSpan here = Process.GetCurrentProcess().TotalProcessorTime, there = Backends();
        Stopwatch watch = Stopwatch.StartNew();
        await work();
        double seconds = watch.Elapsed.TotalSeconds;
        double client = (Process.GetCurrentProcess().TotalProcessorTime - here).TotalMicroseconds / jobs, server = (Backends() - there).TotalMicroseconds / jobs;
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{step,-28} {jobs / seconds,8:0} jobs/s {client,6:0} us/job here {server,6:0} us/job in postgres"));
    }

    /// <summary>Processor time of all Postgres processes of this machine that run now (Linux).</summary>
    private static TimeSpan Backends()
    {
        long ticks = 0;
        foreach (string folder in Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(d[^1])))
        {
            try
            {
                string stat = File.ReadAllText(Path.Combine(folder, "stat"));
                string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                // Fields 14 and 15 of proc(5): user and system time, in hundredths of a second.
                if (stat.Contains("(postgres)", StringComparison.Ordinal))
                    ticks += long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // It ended between being listed and being read.
            }
        }
        return TimeSpan.FromMilliseconds(ticks * 10);
    }
}
