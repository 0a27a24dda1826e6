using Sluice.Chaos.Children;
using Sluice.Chaos.Load;

namespace Sluice.Chaos.Scenarios;

/// <summary>Scenarios by name.</summary>
internal static class Scenario
{
    /// <summary>Jobs a second of the load; three workers can do about twice that, so that each runs several at any moment.</summary>
    public const double Pace = 50;

    public static async Task<ChaosReport> RunAsync(ChaosOptions options, CancellationToken cancellationToken) => options.Scenario switch
    {
        "mixed" => await KillsAsync(options, Nemesis.Mixed(options.Kills, options.Seed), wipe: false, new LoadMix(), cancellationToken),
        // what the broker has confirmed goes with its disk: over the bus nothing is sent here
        "wipe" => await KillsAsync(options, Nemesis.Mixed(options.Kills, options.Seed), wipe: true, new LoadMix { Bus = 0 }, cancellationToken),
        "workers" => await KillsAsync(options, [.. Enumerable.Repeat(Victim.Worker, options.Kills)], wipe: false, new LoadMix(), cancellationToken),
        "zombies" => await PauseScenarios.ZombiesAsync(options, cancellationToken),
        "rolling" => await RollingScenario.RunAsync(options, cancellationToken),
        "replies" => await RepliesAsync(options, cancellationToken),
        "network" => await NetworkScenario.RunAsync(options, cancellationToken),
        "upgrade" => await UpgradeScenario.RunAsync(options, cancellationToken),
        "silent" => await SilentScenario.RunAsync(options, cancellationToken),
        "clocks" => await PauseScenarios.ClocksAsync(options, cancellationToken),
        "poison" => await CrashScenarios.PoisonAsync(options, cancellationToken),
        "points" => await CrashScenarios.PointsAsync(options, cancellationToken),
        "disk" => await DiskScenario.RunAsync(options, cancellationToken),
        _ => throw new ArgumentException($"'{options.Scenario}' is no scenario.{Environment.NewLine}{ChaosOptions.Usage}"),
    };

    /// <summary>One answer in twenty of everybody, the database's commits and the broker's confirms among them, is thrown away after the request was passed on.</summary>
    private static async Task<ChaosReport> RepliesAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        await using Stage stage = await Stage.StartAsync(options, new FleetOptions(), cancellationToken);
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _ = new Nemesis(stage, options.Seed).GuardAsync(over.Token);
        foreach (Faults.TcpProxy proxy in stage.Fleet.Behind.Append(stage.Fleet.Front))
        {
            proxy.Toxics.LoseAnswer = 0.05;
        }
        await stage.LoadAsync(new LoadMix().Make(options.Jobs, options.Seed), Pace, cancellationToken);
        foreach ((string who, Faults.TcpProxy[] proxies) in ((string, Faults.TcpProxy[])[])[("database", [stage.Fleet.Behind[0], stage.Fleet.Behind[2]]), ("broker", [stage.Fleet.Behind[1], stage.Fleet.Behind[3]])])
        {
            stage.Count($"answers_lost_{who}", proxies.Sum(proxy => proxy.Lost));
        }
        ChaosReport report = await stage.FinishAsync(0, 0, [], cancellationToken);
        await over.CancelAsync();
        return report;
    }

    private static async Task<ChaosReport> KillsAsync(ChaosOptions options, Victim[] victims, bool wipe, LoadMix mix, CancellationToken cancellationToken)
    {
        await using Stage stage = await Stage.StartAsync(options, new FleetOptions(), cancellationToken);
        stage.Fleet.Front.Toxics.LoseAnswer = 0.05;
        stage.Fleet.Behind[0].Toxics.LoseAnswer = 0.002;
        stage.Fleet.Behind[2].Toxics.LoseAnswer = 0.002;
        Nemesis nemesis = new(stage, options.Seed);
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task trouble = nemesis.TroubleAsync(enough.Token);
        _ = nemesis.GuardAsync(over.Token);
        Task load = stage.LoadAsync(mix.Make(options.Jobs, options.Seed), Pace, cancellationToken);
        await nemesis.KillAsync(victims, wipe, cancellationToken);
        Stage.Say("all kills are done");
        await load;
        await enough.CancelAsync();
        await trouble;
        ChaosReport report = await stage.FinishAsync(victims.Length, 0, [], cancellationToken);
        await over.CancelAsync();
        return report;
    }
}
