using Sluice.Chaos.Children;
using Sluice.Chaos.Load;

namespace Sluice.Chaos.Scenarios;

/// <summary>
/// An older release takes in a newer one under load, and goes back to it: a newer worker is refused by the older schema; the schema is brought up to date under the older nodes; workers
/// become new one by one, then the API, and later old again on the newer schema, in the same order. Nothing may be charged.
/// </summary>
internal static class UpgradeScenario
{
    private const string Refusal = "Run `sluice migrate`.";

    public static async Task<ChaosReport> RunAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        string old = options.Old ?? throw new ArgumentException($"--old: expected the sluice.dll of an older release.{Environment.NewLine}{ChaosOptions.Usage}");
        await using Stage stage = await Stage.StartAsync(options, new FleetOptions { Program = old, HeartbeatTimeout = Stops.Heartbeat }, cancellationToken);
        Task load = stage.LoadAsync(new LoadMix { Ttl = 0, Cancel = 0 }.Make(options.Jobs, options.Seed), Scenario.Pace, cancellationToken);
        List<string> faults = [];

        await stage.ReachAsync(0.1, 0.2, cancellationToken);
        await RefusedAsync(stage, old, faults, cancellationToken);

        await stage.ReachAsync(0.2, 0.3, cancellationToken);
        stage.Fleet.Program = Fleet.Own;
        await stage.Fleet.MigrateAsync();
        Stage.Say("the schema is the newer one");
        await ReplaceAllAsync(stage, "new", 0.3, 0.55, faults, cancellationToken);

        stage.Fleet.Program = old;
        await ReplaceAllAsync(stage, "old again", 0.65, 0.9, faults, cancellationToken);
        stage.Ceiling = int.MaxValue;
        await load;
        await Stops.NoteChargedAsync(stage, faults);
        return await stage.FinishAsync(0, 0, faults, cancellationToken);
    }

    /// <summary>A newer worker in the place of an older one: it must end at once and say why. The older one comes back.</summary>
    private static async Task RefusedAsync(Stage stage, string old, List<string> faults, CancellationToken cancellationToken)
    {
        await Stops.StopAsync(stage, stage.Fleet.Worker(0), "worker 0", twice: false, faults, cancellationToken);
        stage.Fleet.Program = Fleet.Own;
        stage.Fleet.StartWorker(0);
        if (await stage.Fleet.AwaitWorkerAsync(0, cancellationToken))
        {
            faults.Add("a newer worker serves on the older schema");
            await stage.Fleet.Worker(0).KillAsync();
        }
        else if (stage.Fleet.Worker(0).ExitCode == 0 || !(await File.ReadAllTextAsync(stage.Fleet.LogOf(0), cancellationToken)).Contains(Refusal, StringComparison.Ordinal))
        {
            faults.Add($"a newer worker on the older schema ended with {stage.Fleet.Worker(0).ExitCode} and did not say: {Refusal}");
        }
        stage.Fleet.Program = old;
        stage.Fleet.StartWorker(0);
    }

    /// <summary>Workers, then the API, between these shares of the load.</summary>
    private static async Task ReplaceAllAsync(Stage stage, string what, double from, double to, List<string> faults, CancellationToken cancellationToken)
    {
        int nodes = stage.Fleet.Workers + 1;
        for (int node = 0; node < nodes; node++)
        {
            double step = (to - from) / nodes;
            await stage.ReachAsync(from + (node * step), from + ((node + 2) * step), cancellationToken);
            bool isApi = node == stage.Fleet.Workers;
            string name = isApi ? "the API" : $"worker {node}";
            await Stops.StopAsync(stage, isApi ? stage.Fleet.Api : stage.Fleet.Worker(node), $"{name}, before {what}", twice: false, faults, cancellationToken);
            if (isApi)
            {
                stage.Fleet.StartApi();
            }
            else
            {
                stage.Fleet.StartWorker(node);
            }
            if (!await (isApi ? stage.Fleet.AwaitApiAsync(cancellationToken) : stage.Fleet.AwaitWorkerAsync(node, cancellationToken)))
            {
                faults.Add($"{name}, {what}: did not come up");
            }
            stage.Count("replaced");
        }
        Stage.Say($"all nodes are {what}");
    }
}
