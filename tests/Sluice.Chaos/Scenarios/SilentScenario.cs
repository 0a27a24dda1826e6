using Sluice.Chaos.Children;
using Sluice.Chaos.Faults;
using Sluice.Chaos.Load;

namespace Sluice.Chaos.Scenarios;

/// <summary>
/// Connections that carry nothing any more, and nobody is told: of the workers and of the API, to broker and database, by turns. They stay as they are until who holds one gives it up;
/// new ones are well. No job may be lost, and jobs must go on to end.
/// </summary>
internal static class SilentScenario
{
    private const double LongestPause = 90;

    public static async Task<ChaosReport> RunAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        await using Stage stage = await Stage.StartAsync(options, new FleetOptions(), cancellationToken);
        Task load = stage.LoadAsync(new LoadMix().Make(options.Jobs, options.Seed), Scenario.Pace, cancellationToken);
        for (int i = 0; i < options.Kills; i++)
        {
            await stage.ReachAsync((i + 1.0) / (options.Kills + 1), (i + 2.0) / (options.Kills + 1), cancellationToken);
            TcpProxy proxy = stage.Fleet.Behind[i % stage.Fleet.Behind.Count];
            stage.Count("silenced", proxy.Silence());
        }
        stage.Ceiling = int.MaxValue;
        await load;
        ChaosReport report = await stage.FinishAsync(0, 0, [], cancellationToken);
        double pause = report.Counts[Stage.LongestPause];
        return pause <= LongestPause ? report : report with { Ok = false, Broken = [.. report.Broken, $"no job ended for {pause} s"] };
    }
}
