using Sluice.Chaos.Children;
using Sluice.Chaos.Faults;
using Sluice.Chaos.Load;

namespace Sluice.Chaos.Scenarios;

/// <summary>
/// Partitions of 1 to 30 s: workers, the API, or either from one server alone, by turns. Then all connections are reset every two seconds for a minute, and nobody may answer that with
/// a storm of new ones.
/// </summary>
internal static class NetworkScenario
{
    private const double FlappingFrom = 0.7; // of the load
    private const double MostConnects = 1; // of a node to the broker, a second
    private static readonly TimeSpan s_flap = TimeSpan.FromSeconds(2), s_flapping = TimeSpan.FromSeconds(60);

    public static async Task<ChaosReport> RunAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        await using Stage stage = await Stage.StartAsync(options, new FleetOptions(), cancellationToken);
        Random random = new(options.Seed);
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _ = new Nemesis(stage, options.Seed).GuardAsync(over.Token);
        Task load = stage.LoadAsync(new LoadMix().Make(options.Jobs, options.Seed), Scenario.Pace, cancellationToken);
        for (int i = 0; i < options.Kills; i++)
        {
            double step = FlappingFrom / options.Kills;
            await stage.ReachAsync(i * step, (i + 2) * step, cancellationToken);
            TcpProxy[] parted = Side(stage.Fleet.Behind, i);
            foreach (TcpProxy proxy in parted)
            {
                proxy.Toxics.Part();
            }
            double seconds = 1 + (29 * random.NextDouble());
            await Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);
            foreach (TcpProxy proxy in parted)
            {
                proxy.Toxics.Heal();
            }
            stage.Count("partitions");
            stage.Count("parted_s", Math.Round(seconds, 1));
        }
        await stage.ReachAsync(FlappingFrom, 1, cancellationToken);
        List<string> faults = await FlapAsync(stage, cancellationToken);
        stage.Ceiling = int.MaxValue;
        await load;
        ChaosReport report = await stage.FinishAsync(0, 0, faults, cancellationToken);
        await over.CancelAsync();
        return report;
    }

    /// <summary>Behind: the workers' database and broker, the API's database and broker.</summary>
    private static TcpProxy[] Side(IReadOnlyList<TcpProxy> behind, int turn) => (turn % 6) switch
    {
        0 => [behind[0], behind[1]],
        1 => [behind[2], behind[3]],
        int alone => [behind[alone - 2]],
    };

    private static async Task<List<string>> FlapAsync(Stage stage, CancellationToken cancellationToken)
    {
        Stage.Say("connections are reset every two seconds");
        (string Who, TcpProxy Broker, int Nodes)[] sides = [("workers", stage.Fleet.Behind[1], stage.Fleet.Workers), ("the API", stage.Fleet.Behind[3], 1)];
        int[] before = [.. sides.Select(side => side.Broker.Taken)];
        long start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < s_flapping)
        {
            foreach (TcpProxy proxy in stage.Fleet.Behind)
            {
                proxy.Cut();
            }
            stage.Count("flaps");
            await Task.Delay(s_flap, cancellationToken);
        }
        double seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        List<string> faults = [];
        for (int i = 0; i < sides.Length; i++)
        {
            double rate = (sides[i].Broker.Taken - before[i]) / seconds / sides[i].Nodes;
            stage.Longest("broker_connects_per_node_s", rate);
            if (rate > MostConnects)
            {
                faults.Add($"{sides[i].Who}: {rate:0.00} connections a second to the broker");
            }
        }
        return faults;
    }
}
