using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sluice.Simulation.Tests.Faults;

namespace Sluice.Simulation.Tests;

/// <summary>What many seeds came to.</summary>
internal sealed record SweepOutcome(int Runs, IReadOnlyList<SimOutcome> Failures, FaultCounts Counts, TimeSpan Took, long Steps)
{
    /// <summary>The seed that took longest to recover; null where none ran to its end.</summary>
    public SimOutcome? Longest { get; init; }

    /// <summary>That of those in which no job kills or hangs.</summary>
    public SimOutcome? LongestCalm { get; init; }

    /// <summary>The seed that came nearest to what its recovery may take.</summary>
    public SimOutcome? Nearest { get; init; }

    public override string ToString()
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Runs} seeds in {Took.TotalSeconds:F1} s, {Runs / Took.TotalSeconds:F0} per second, {Steps / Runs} steps each, {Failures.Count} failed");
        foreach ((string name, long count) in Counts.All)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {name,-40} {count,12}");
        }
        Tell("longest recovery", Longest);
        Tell("longest where no job kills or hangs", LongestCalm);
        Tell("nearest to its bound", Nearest);
        foreach (SimOutcome failure in Failures.OrderBy(failure => failure.Seed).Take(20))
        {
            text.AppendLine(failure.ToString());
        }
        return text.ToString();

        void Tell(string what, SimOutcome? seed)
        {
            if (seed is not null)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"  {what,-40} {seed.Recovery.TotalSeconds,10:F0} s of {seed.RecoveryLimit.TotalSeconds:F0} s, seed {seed.Seed}");
            }
        }
    }
}

/// <summary>Runs seeds on a few threads, each seed on one.</summary>
internal static class SeedSweep
{
    private const int Threads = 2;

    private static SimOutcome Guarded(Func<ulong, SimOutcome> run, ulong seed)
    {
        try
        {
            return run(seed);
        }
        catch (Exception e)
        {
            return new SimOutcome(seed, e.ToString(), 0, 0, TimeSpan.Zero, new FaultCounts(), []);
        }
    }

    /// <param name="from">The first seed.</param>
    /// <param name="count">How many, one after the other.</param>
    /// <param name="enough">Stops after this many failures.</param>
    /// <param name="run">What to do with a seed.</param>
    public static SweepOutcome Run(ulong from, int count, int enough, Func<ulong, SimOutcome> run)
    {
        long start = Stopwatch.GetTimestamp();
        int next = -1, runs = 0;
        long steps = 0;
        List<SimOutcome> failures = [];
        SimOutcome? longest = null, longestCalm = null, nearest = null;
        FaultCounts counts = new();
        Lock both = new();
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(Work))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return new SweepOutcome(runs, failures, counts, Stopwatch.GetElapsedTime(start), steps) { Longest = longest, LongestCalm = longestCalm, Nearest = nearest };

        void Work()
        {
            while (failures.Count < enough && Interlocked.Increment(ref next) is int at && at < count)
            {
                SimOutcome outcome = Guarded(run, from + (ulong)at);
                lock (both)
                {
                    runs++;
                    steps += outcome.Steps;
                    counts.Add(outcome.Counts);
                    if (outcome.Failure is not null)
                    {
                        failures.Add(outcome);
                        continue;
                    }
                    longest = longest is null || outcome.Recovery > longest.Recovery ? outcome : longest;
                    longestCalm = outcome.IsCalm && (longestCalm is null || outcome.Recovery > longestCalm.Recovery) ? outcome : longestCalm;
                    nearest = nearest is null || outcome.Recovery / outcome.RecoveryLimit > nearest.Recovery / nearest.RecoveryLimit ? outcome : nearest;
                }
            }
        }
    }
}
