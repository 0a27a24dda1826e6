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
        int zombies = 0, idle = 0;
        while (zombies < options.Kills && !load.IsCompleted)
        {
            int[] workers = [.. Enumerable.Range(0, fleet.Workers)];
            random.Shuffle(workers);
            // the load lasts until the last of them was stopped, and who had nothing to run gets more
            stage.Ceiling = (int)(options.Jobs * (zombies + (2.0 * Together)) / (options.Kills + Kept)) + (idle * PerIdle);
            bool[] made = await Task.WhenAll(workers.Take(Math.Min(Together, options.Kills - zombies)).Select(worker => StopAsync(stage, worker, cancellationToken)));
            zombies += made.Count(one => one);
            idle += made.Count(one => !one);
        }
        stage.Ceiling = int.MaxValue;
        await load;
        ChaosReport report = await stage.FinishAsync(zombies, 0, zombies < options.Kills ? [$"only {zombies} zombies: too few jobs"] : [], cancellationToken);
        return report.StaleDiscarded >= zombies ? report : report with { Ok = false, Broken = [.. report.Broken, "fewer stale results than zombies"] };
    }

    /// <summary>False where it ran nothing, or one job alone, and was let go on at once: whoever runs a suspect alone and falls silent twice convicts it, as it should.</summary>
    private static async Task<bool> StopAsync(Stage stage, int worker, CancellationToken cancellationToken)
    {
        Child child = stage.Fleet.Worker(worker);
        await child.SignalAsync("STOP");
        try
        {
            if (await stage.Ledger.HandOfAsync(Fleet.WorkerName(worker)) is not { Running.Length: > 1 } hand)
            {
                return false;
            }
            stage.Count("running_when_stopped", hand.Running.Length);
            await Task.Delay(s_pause, cancellationToken);
            return true;
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
}
