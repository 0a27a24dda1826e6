using System.Text;
using Sluice.Chaos.Children;
using Sluice.Chaos.Load;

namespace Sluice.Chaos.Scenarios;

/// <summary>Workers that stop without dying: for too long, or in another time.</summary>
internal static class PauseScenarios
{
    private const int Together = 4;
    private const int PerIdle = 2;
    private const int Kept = 24; // zombies' worth of load, for those that had nothing to run
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(4.5);

    /// <summary>Stops workers that run something past their heartbeat, four of six at a time. Each wakes with results that are no longer its to give.</summary>
    public static async Task<ChaosReport> ZombiesAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        FleetOptions fleet = new() { Workers = 6, StubDelay = TimeSpan.FromMilliseconds(600) };
        await using Stage stage = await Stage.StartAsync(options, fleet, cancellationToken);
        double pace = Math.Min(90, options.Jobs / (options.Kills / (double)Together * (s_pause.TotalSeconds + 1.5)));
        Task load = stage.LoadAsync(new LoadMix { Ttl = 0 }.Make(options.Jobs, options.Seed), pace, cancellationToken);
        Random random = new(options.Seed);
        List<Woken> woken = [];
        int idle = 0;
        while (woken.Count < options.Kills && !load.IsCompleted)
        {
            int[] workers = [.. Enumerable.Range(0, fleet.Workers)];
            random.Shuffle(workers);
            // the load lasts until the last of them was stopped, and who had nothing to run gets more
            stage.Ceiling = (int)(options.Jobs * (woken.Count + (2.0 * Together)) / (options.Kills + Kept)) + (idle * PerIdle);
            Woken?[] made = await Task.WhenAll(workers.Take(Math.Min(Together, options.Kills - woken.Count)).Select(worker => StopAsync(stage, worker, cancellationToken)));
            woken.AddRange(made.OfType<Woken>());
            idle += made.Count(one => one is null);
        }
        stage.Ceiling = int.MaxValue;
        await load;
        (int discarded, int dropped) = await AnsweredAsync(stage, woken, cancellationToken);
        stage.Count("zombies_that_discarded", discarded);
        stage.Count("zombies_that_dropped", dropped);
        List<string> faults = [];
        if (woken.Count < options.Kills)
        {
            faults.Add($"only {woken.Count} zombies: too few jobs");
        }
        if (discarded + dropped < woken.Count)
        {
            faults.Add($"{woken.Count - discarded - dropped} zombies neither discarded a result nor dropped what they ran");
        }
        ChaosReport report = await stage.FinishAsync(woken.Count, 0, faults, cancellationToken);
        return report.StaleDiscarded >= woken.Count ? report : report with { Ok = false, Broken = [.. report.Broken, "fewer stale results than zombies"] };
    }

    /// <summary>How many of them threw a result away, and how many others were told of their death first and dropped what they ran: each between its waking and its worker's next.</summary>
    private static async Task<(int Discarded, int Dropped)> AnsweredAsync(Stage stage, List<Woken> woken, CancellationToken cancellationToken)
    {
        await Task.Delay(s_pause, cancellationToken); // of the last
        int discarded = 0, dropped = 0;
        foreach (IGrouping<int, Woken> worker in woken.GroupBy(one => one.Worker))
        {
            byte[] log = await File.ReadAllBytesAsync(stage.Fleet.LogOf(worker.Key), cancellationToken);
            long[] from = [.. worker.Select(one => one.From).Order(), log.Length];
            for (int i = 0; i + 1 < from.Length; i++)
            {
                string said = Encoding.UTF8.GetString(log.AsSpan((int)from[i], (int)(from[i + 1] - from[i])));
                if (said.Contains("Discarded ", StringComparison.Ordinal))
                {
                    discarded++;
                }
                else if (said.Contains("was declared dead", StringComparison.Ordinal))
                {
                    dropped++;
                }
            }
        }
        return (discarded, dropped);
    }

    /// <summary>Null where it ran nothing and was let go on at once.</summary>
    private static async Task<Woken?> StopAsync(Stage stage, int worker, CancellationToken cancellationToken)
    {
        Child child = stage.Fleet.Worker(worker);
        await child.SignalAsync("STOP");
        try
        {
            if (await stage.Ledger.HandOfAsync(Fleet.WorkerName(worker)) is not { Running.Length: > 0 } hand)
            {
                return null;
            }
            stage.Count("running_when_stopped", hand.Running.Length);
            await Task.Delay(s_pause, cancellationToken);
            return new Woken(worker, new FileInfo(stage.Fleet.LogOf(worker)).Length);
        }
        finally
        {
            await child.SignalAsync("CONT");
            await Task.Delay(500, cancellationToken);
        }
    }

    /// <summary>One worker ten minutes fast, one ten minutes slow: jobs of two minutes must not expire.</summary>
    public static async Task<ChaosReport> ClocksAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        FleetOptions fleet = new() { ClockOffsets = new Dictionary<int, int> { [0] = 600, [1] = -600 } };
        await using Stage stage = await Stage.StartAsync(options, fleet, cancellationToken);
        await stage.LoadAsync(new LoadMix { Ttl = 0.5, TtlSeconds = 120, Cancel = 0 }.Make(options.Jobs, options.Seed), Scenario.Pace, cancellationToken);
        ChaosReport report = await stage.FinishAsync(0, 0, [], cancellationToken);
        return report.Expired == 0 ? report : report with { Ok = false, Broken = [.. report.Broken, $"{report.Expired} expired that had time"] };
    }

    /// <summary>A zombie's worker, and where its log ended when it was woken.</summary>
    private sealed record Woken(int Worker, long From);
}
