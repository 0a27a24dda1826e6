using Sluice.Engine;
using Sluice.Service;
using Sluice.Simulation.Tests.Clockwork;
using Sluice.Simulation.Tests.Faults;

namespace Sluice.Simulation.Tests.Nodes;

/// <summary>The processes of one run, and the supervisor that starts again what dies.</summary>
internal sealed class SimCluster(SimWorld world, SimStore store, SimBroker broker, SimSettings settings, FaultCounts counts, SimRandom random)
{
    /// <summary>From a process's death to its next start, at the most.</summary>
    public static readonly TimeSpan LongestRestart = TimeSpan.FromSeconds(5);

    private readonly List<SimNode> _nodes = [];
    private long _numbers = 100;

    public SimWorld World => world;
    public SimStore Store => store;
    public SimBroker Broker => broker;
    public SimSettings Settings => settings;
    public FaultCounts Counts => counts;

    /// <summary>Clocks are right from now on, and nothing hurts the engine but what a prompt does every time.</summary>
    public bool IsHealed { get; private set; }

    public IReadOnlyList<string> FinishedQueues { get; } = [.. Enumerable.Range(1, settings.Apis).Select(i => $"{Doubles.Finished}api{i}")];

    public IReadOnlyList<SimNode> Nodes => _nodes;

    public IEnumerable<SimNode> Workers => _nodes.Where(node => node.Role == HostRole.Worker);

    public IEnumerable<SimNode> Apis => _nodes.Where(node => node.Role == HostRole.Api);

    /// <summary>How long each orderly end took.</summary>
    public List<TimeSpan> Drains { get; } = [];

    public void Start()
    {
        for (int i = 1; i <= settings.Apis; i++)
        {
            Start($"api{i}", HostRole.Api);
        }
        for (int i = 1; i <= settings.Workers; i++)
        {
            Start($"worker{i}", HostRole.Worker);
        }
    }

    /// <summary>The broker is back: who lives connects again, each in its own time.</summary>
    public void BrokerUp()
    {
        broker.Up();
        foreach (SimNode node in _nodes)
        {
            world.After(random.Time(0, 2000), node.Connect);
        }
    }

    public void Drained(SimNode node, TimeSpan took)
    {
        world.Log(node.Name, $"drained within {took.TotalSeconds:F1} s");
        Drains.Add(took);
    }

    public void Heal()
    {
        world.Log("world", "heals");
        IsHealed = true;
        store.IsUp = true;
        if (!broker.IsUp)
        {
            BrokerUp();
        }
        foreach (SimNode node in _nodes.ToArray())
        {
            node.KillAfter = 0;
            node.Continue();
        }
    }

    /// <summary>What becomes of a sequence: decided when its batch ends.</summary>
    public StubFault FaultOf(SimNode node, EngineRequest request)
    {
        switch (SimPlan.MischiefOf(request))
        {
            case Mischief.Kills:
                counts.Add("process killed by its job");
                node.Kill("killed by the job that it runs");
                throw new InvalidOperationException("The process is gone.");
            case Mischief.Throws:
                counts.Add("sequence failed");
                return StubFault.Throw;
            case Mischief.Stumbles when !IsHealed && random.Chance(0.3):
                counts.Add("sequence failed");
                return StubFault.Throw;
            case Mischief.FailsStep when !IsHealed && random.Chance(0.2):
                counts.Add("step failed");
                return StubFault.Crash;
            case Mischief.Hangs:
                counts.Add("sequence hung");
                return StubFault.Hang;
            default:
                return StubFault.None;
        }
    }

    private void Start(string name, HostRole role)
    {
        TimeSpan skew = settings.Skew == TimeSpan.Zero ? TimeSpan.Zero : ((2 * random.Unit()) - 1) * settings.Skew;
        SimNode node = new(this, name, ++_numbers, role, skew);
        int at = _nodes.FindIndex(other => other.Name == name);
        if (at < 0)
        {
            _nodes.Add(node);
        }
        else
        {
            _nodes[at] = node;
        }
        node.Died += () => world.After(random.Time(300, LongestRestart.TotalMilliseconds), () => Start(name, role));
        node.Start();
    }
}
