using Sluice.Chaos.Children;
using Sluice.Chaos.Load;

namespace Sluice.Chaos.Scenarios;

/// <summary>
/// SIGTERM to one worker after the other under load: nothing may be charged, and each must end with 0 within 25 s. Each is up before the next is told; every fourth is
/// told once more while it comes up, every fifth twice in a row.
/// </summary>
internal static class RollingScenario
{
    /// <summary>As in a service: a machine that starves a worker for three seconds is no part of this.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(30);

    private const double Most = 25;
    private const double MostAtOnce = 10;
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(100);

    public static async Task<ChaosReport> RunAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        await using Stage stage = await Stage.StartAsync(options, new FleetOptions { StubDelay = TimeSpan.FromMilliseconds(500), HeartbeatTimeout = Heartbeat }, cancellationToken);
        Task load = stage.LoadAsync(new LoadMix { Ttl = 0, Cancel = 0 }.Make(options.Jobs, options.Seed), Scenario.Pace, cancellationToken);
        Random random = new(options.Seed);
        List<string> faults = [];
        for (int i = 0; i < options.Kills; i++)
        {
            int worker = i % stage.Fleet.Workers;
            await stage.ReachAsync((i + 1.0) / (options.Kills + 1), (i + 2.0) / (options.Kills + 1), cancellationToken); // so that the last has something to end, too
            bool twice = i % 5 == 4;
            await StopAsync(stage, stage.Fleet.Worker(worker), twice ? $"restart {i}, told twice" : $"restart {i}", twice, faults, cancellationToken);
            if (i % 4 == 3)
            {
                await StartHalfAsync(stage, worker, random, cancellationToken);
                await StopAsync(stage, stage.Fleet.Worker(worker), $"restart {i}, early", twice: false, faults, cancellationToken);
            }
            stage.Fleet.StartWorker(worker);
            if (!await stage.Fleet.AwaitWorkerAsync(worker, cancellationToken))
            {
                faults.Add($"restart {i}: the worker did not come up");
            }
        }
        stage.Ceiling = int.MaxValue;
        await load;
        await NoteChargedAsync(stage, faults);
        return await stage.FinishAsync(options.Kills, 0, faults, cancellationToken);
    }

    /// <summary>A stop in order charges nobody an attempt.</summary>
    public static async Task NoteChargedAsync(Stage stage, List<string> faults)
    {
        long charged = await stage.Ledger.CountAsync("select coalesce(sum(failures + suspicions), 0)::bigint from jobs");
        stage.Count("attempts_charged", charged);
        if (charged > 0)
        {
            faults.Add($"{charged} attempts charged");
        }
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

    /// <summary>Tells a process to end, and says where it does not do so in time with exit code 0.</summary>
    public static async Task StopAsync(Stage stage, Child child, string name, bool twice, List<string> faults, CancellationToken cancellationToken)
    {
        long start = TimeProvider.System.GetTimestamp();
        await child.SignalAsync("TERM");
        if (twice)
        {
            await Task.Delay(s_again, cancellationToken);
            await child.SignalAsync("TERM");
            stage.Count("told_twice");
        }
        await child.ExitAsync(cancellationToken);
        double took = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        stage.Longest("longest_exit_s", took);
        if (child.ExitCode != 0 || took > (twice ? MostAtOnce : Most))
        {
            faults.Add($"{name}: exit code {child.ExitCode} after {took:0.0} s");
        }
    }
}
