using Sluice.Chaos.Children;
using Sluice.Chaos.Load;

namespace Sluice.Chaos.Scenarios;

/// <summary>
/// SIGTERM to one worker after the other under load: nothing may be charged, and each must end with 0 within 25 s. Each is up before the next is told; every fourth is
/// told once more while it comes up, every fifth twice in a row.
/// </summary>
internal static class RollingScenario
{
    public static async Task<ChaosReport> RunAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        await using Stage stage = await Stage.StartAsync(options, new FleetOptions { StubDelay = TimeSpan.FromMilliseconds(500), HeartbeatTimeout = Stops.Heartbeat }, cancellationToken);
        Task load = stage.LoadAsync(new LoadMix { Ttl = 0, Cancel = 0 }.Make(options.Jobs, options.Seed), Scenario.Pace, cancellationToken);
        Random random = new(options.Seed);
        List<string> faults = [];
        for (int i = 0; i < options.Kills; i++)
        {
            int worker = i % stage.Fleet.Workers;
            await stage.ReachAsync((i + 1.0) / (options.Kills + 1), (i + 2.0) / (options.Kills + 1), cancellationToken); // so that the last has something to end, too
            bool twice = i % 5 == 4;
            await Stops.StopAsync(stage, stage.Fleet.Worker(worker), twice ? $"restart {i}, told twice" : $"restart {i}", twice, faults, cancellationToken);
            if (i % 4 == 3)
            {
                await StartHalfAsync(stage, worker, random, cancellationToken);
                await Stops.StopAsync(stage, stage.Fleet.Worker(worker), $"restart {i}, early", twice: false, faults, cancellationToken);
            }
            stage.Fleet.StartWorker(worker);
            if (!await stage.Fleet.AwaitWorkerAsync(worker, cancellationToken))
            {
                faults.Add($"restart {i}: the worker did not come up");
            }
        }
        stage.Ceiling = int.MaxValue;
        await load;
        await Stops.NoteChargedAsync(stage, faults);
        return await stage.FinishAsync(options.Kills, 0, faults, cancellationToken);
    }

    /// <summary>Starts a worker, and returns at some moment of the two seconds after its host is put together.</summary>
    private static async Task StartHalfAsync(Stage stage, int worker, Random random, CancellationToken cancellationToken)
    {
        int Starts() => File.ReadAllText(stage.Fleet.LogOf(worker)).Split("Serving model").Length;
        int before = Starts();
        stage.Fleet.StartWorker(worker);
        while (Starts() == before && !stage.Fleet.Worker(worker).HasExited)
        {
            await Task.Delay(10, cancellationToken);
        }
        await Task.Delay(TimeSpan.FromSeconds(2 * random.NextDouble()), cancellationToken);
        stage.Count("told_early");
    }
}
