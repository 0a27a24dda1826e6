using Sluice.Engine;
using Sluice.Service.Inference;
using Sluice.Service.Queue;
using Sluice.Simulation.Tests.Clockwork;

namespace Sluice.Simulation.Tests.Nodes;

/// <summary>One seed's settings: small limits, so that they are met.</summary>
internal sealed class SimSettings(SimRandom random)
{
    private readonly int _holdLimit = random.Pick([2, 5, 20, 200]);
    private readonly int _reserveMax = random.Pick([1, 4, 100]);
    private readonly int _sequences = random.Pick([1, 2, 4, 8]);
    private readonly int _stepTokens = random.Pick([256, 4096]);
    private readonly TimeSpan _batchTime = TimeSpan.FromMilliseconds(random.Pick([20, 300, 1500, 4000]));
    private readonly int _relayMax = random.Pick([1, 5, 500]);

    /// <summary>Tickets on their way to a worker.</summary>
    public int TicketPrefetch { get; } = random.Pick([1, 3, 50]);

    public int Workers { get; } = random.Between(1, 3);

    /// <summary>Shards of the tickets; not drawn, so that seeds mean what they meant.</summary>
    public int Shards => Workers > 1 ? 3 : 1;

    public int Apis { get; } = random.Between(1, 2);

    /// <summary>Furthest that a clock is wrong.</summary>
    public TimeSpan Skew { get; } = random.Chance(0.5) ? TimeSpan.FromMinutes(10) : TimeSpan.Zero;

    public WorkerOptions Worker(string name) => new()
    {
        ResumeInterval = TimeSpan.FromSeconds(1), // a look of four a second would be most of what happens
        Name = name,
        HoldLimit = _holdLimit,
        ReserveMax = _reserveMax,
        CacheSecret = "simulation",
        StallTimeout = TimeSpan.FromSeconds(20),
        StealAfter = TimeSpan.FromMilliseconds(500),
    };

    public QueueOptions Queue() => new() { Transport = QueueTransport.InMemory, RelayMax = _relayMax, RelayPoll = TimeSpan.FromSeconds(1), AnonymousTenant = SimPlan.Tenants[0] };

    public StubOptions Stub() => new() { BatchTime = _batchTime, MaxSequences = _sequences, MaxStepTokens = _stepTokens };
}
