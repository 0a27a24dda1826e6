using Sluice.Simulation.Tests.Clockwork;
using Sluice.Simulation.Tests.Nodes;

namespace Sluice.Simulation.Tests.Faults;

/// <summary>Something that breaks at a time.</summary>
internal sealed record PlannedFault(TimeSpan At, Action<SimCluster, SimClient> Happen);

/// <summary>What one seed breaks: some kinds of fault, at some rates, at some times.</summary>
internal static class FaultPlan
{
    private const double Window = 75_000; // milliseconds

    public static List<PlannedFault> Draw(SimRandom random, FaultRates rates)
    {
        Rate(random, rates);
        Action<SimCluster, SimClient>[] kinds =
        [
            KillWorker(random), KillWorker(random), KillWorker(random), KillApi(random), StopWorker(random), StopWorker(random), StopApi(random), StoreDown(random),
            BrokerDown(random), WipeBroker(random), DrainWorker(random), DrainWorker(random), MoveClock(random),
        ];
        // a run with few kinds of fault shows what one of them does; a run with all shows how they meet
        Action<SimCluster, SimClient>[] chosen = [.. kinds.Where(_ => random.Chance(0.35))];
        int faults = chosen.Length == 0 ? 0 : random.Between(0, 9);
        List<PlannedFault> plan = [];
        for (int i = 0; i < faults; i++)
        {
            plan.Add(new PlannedFault(random.Time(0, random.Chance(0.5) ? Window / 5 : Window), random.Pick(chosen)));
        }
        return plan;
    }

    private static void Rate(SimRandom random, FaultRates rates)
    {
        double[] some = [0, 0, 0.01, 0.05, 0.15];
        rates.StoreRefuses = random.Pick(some);
        rates.StoreAnswerLost = random.Pick(some);
        rates.Slow = random.Pick([0, 0, 0.01, 0.05]);
        rates.KilledInCall = random.Pick([0, 0, 0, 0.002, 0.01]);
        rates.PublishRefused = random.Pick(some);
        rates.ConfirmLost = random.Pick([0, 0, 0.01, 0.05]);
        rates.MessageDoubled = random.Pick([0, 0.1, 0.5]);
        rates.TicketLost = random.Pick(some);
        rates.Reordered = random.Pick([0, 0.3, 1]);
    }

    private static Action<SimCluster, SimClient> KillWorker(SimRandom random) => (cluster, _) =>
    {
        SimNode node = random.Pick(cluster.Workers.ToList());
        cluster.Counts.Add("worker killed");
        node.KillAfter = random.Between(1, 60);
    };

    private static Action<SimCluster, SimClient> KillApi(SimRandom random) => (cluster, _) =>
    {
        SimNode node = random.Pick(cluster.Apis.ToList());
        cluster.Counts.Add("api killed");
        node.KillAfter = random.Between(1, 60);
    };

    private static Action<SimCluster, SimClient> StopWorker(SimRandom random) => (cluster, _) =>
    {
        cluster.Counts.Add("worker stopped");
        StopFor(random, cluster, random.Pick(cluster.Workers.ToList()), random.Time(1000, 60_000));
    };

    private static Action<SimCluster, SimClient> StopApi(SimRandom random) => (cluster, _) =>
    {
        cluster.Counts.Add("api stopped");
        StopFor(random, cluster, random.Pick(cluster.Apis.ToList()), random.Time(1000, 20_000));
    };

    private static void StopFor(SimRandom random, SimCluster cluster, SimNode node, TimeSpan time)
    {
        if (node.IsDead)
        {
            return;
        }
        node.Stop();
        cluster.World.After(time, node.Continue);
    }

    private static Action<SimCluster, SimClient> StoreDown(SimRandom random) => (cluster, _) =>
    {
        cluster.Counts.Add("store down");
        cluster.World.Log("store", "down");
        cluster.Store.IsUp = false;
        cluster.World.After(random.Time(500, 50_000), () =>
        {
            cluster.World.Log("store", "up");
            cluster.Store.IsUp = true;
        });
    };

    private static Action<SimCluster, SimClient> BrokerDown(SimRandom random) => (cluster, _) =>
    {
        if (cluster.Broker.IsUp)
        {
            cluster.Broker.Down();
            cluster.World.After(random.Time(500, 40_000), cluster.BrokerUp);
        }
    };

    private static Action<SimCluster, SimClient> WipeBroker(SimRandom random) => (cluster, client) =>
    {
        if (cluster.Broker.IsUp)
        {
            client.Excuse(cluster.Broker.Wipe());
            cluster.World.After(random.Time(500, 10_000), cluster.BrokerUp);
        }
    };

    private static Action<SimCluster, SimClient> DrainWorker(SimRandom random) => (cluster, _) => random.Pick(cluster.Workers.ToList()).Drain();

    private static Action<SimCluster, SimClient> MoveClock(SimRandom random) => (cluster, _) =>
    {
        SimNode node = random.Pick(cluster.Nodes.ToList());
        cluster.Counts.Add("clock moved");
        node.Time.Skew += TimeSpan.FromMinutes(20 * (random.Unit() - 0.5));
    };
}
