using System.Globalization;
using Sluice.Simulation.Tests.Checks;
using Sluice.Simulation.Tests.Clockwork;
using Sluice.Simulation.Tests.Faults;
using Sluice.Simulation.Tests.Nodes;
using Sluice.Store;
using Sluice.Store.Memory;

namespace Sluice.Simulation.Tests;

/// <summary>What a seed came to.</summary>
/// <param name="Failure">Null where everything held.</param>
/// <param name="Hash">Over every step: equal for equal runs.</param>
/// <param name="Virtual">Time that passed inside.</param>
internal sealed record SimOutcome(ulong Seed, string? Failure, ulong Hash, long Steps, TimeSpan Virtual, FaultCounts Counts, IReadOnlyList<string> Trace)
{
    /// <summary>From the end of all faults until nothing moved.</summary>
    public TimeSpan Recovery { get; init; }

    /// <summary>What <see cref="Recovery"/> may be.</summary>
    public TimeSpan RecoveryLimit { get; init; }

    /// <summary>No job kills or hangs.</summary>
    public bool IsCalm { get; init; }

    public override string ToString() => Failure is null
        ? string.Create(CultureInfo.InvariantCulture, $"seed {Seed}: well, {Steps} steps, {Virtual.TotalSeconds:F0} s")
        : $"seed {Seed}: {Failure}\n  replay: {SimTrace.SeedVariable}={Seed} dotnet run --project tests/Sluice.Simulation.Tests -c Release -- -class Sluice.Simulation.Tests.ReplayTests";
}

/// <summary>One run of the service against everything that a seed does to it.</summary>
internal static class Simulation
{
    private static readonly TimeSpan s_trouble = TimeSpan.FromSeconds(90);

    // Without faults nothing recovers: this is for all that is asked and done.
    private static readonly TimeSpan s_harmless = TimeSpan.FromMinutes(20);

    /// <param name="seed">Decides everything.</param>
    /// <param name="mutate">Puts a broken store in the place of the right one.</param>
    /// <param name="harmless">No faults at all: what a healthy service does.</param>
    /// <param name="jobs">In the place of those that the seed would draw.</param>
    /// <param name="look">Called every second of virtual time.</param>
    /// <param name="acknowledgeEarly">Consumers acknowledge what they are given before they look at it.</param>
    public static SimOutcome Run(ulong seed, Func<MemoryJobStore, IJobStore>? mutate = null, bool harmless = false, bool acknowledgeEarly = false, List<PlannedJob>? jobs = null, Action<SimCluster>? look = null)
    {
        SimRandom random = new(seed);
        SimWorld world = new(seed);
        FaultCounts counts = new();
        FaultRates rates = new();
        SimProcess clock = new(world, "clock", 3, TimeSpan.Zero);
        MemoryJobStore memory = new(clock.Time);
        StoreOracle oracle = new(world, memory, counts);
        SimStore store = new(world, mutate?.Invoke(memory) ?? memory, memory, oracle, rates, counts, random.Fork());
        SimBroker broker = new(world, rates, counts, random.Fork()) { AcknowledgesEarly = acknowledgeEarly };
        SimSettings settings = new(random.Fork());
        SimCluster cluster = new(world, store, broker, settings, counts, random.Fork());
        List<PlannedJob> drawn = SimPlan.Draw(random.Fork());
        List<PlannedJob> plan = jobs ?? drawn;
        SimClient client = new(cluster, plan, random.Fork());
        FinalChecks checks = new(cluster, client, plan);
        SimRandom trouble = random.Fork();
        if (!harmless)
        {
            FaultPlan.Draw(trouble, rates).ForEach(fault => world.After(fault.At, () => fault.Happen(cluster, client)));
        }

        Every(world, TimeSpan.FromSeconds(5), oracle.Look);
        if (look is not null)
        {
            Every(world, TimeSpan.FromSeconds(1), () => look(cluster));
        }
        cluster.Start();
        client.Start();
        world.Run(() => false, harmless ? TimeSpan.FromSeconds(1) : s_trouble);
        rates.Heal();
        cluster.Heal();
        TimeSpan healed = world.Elapsed, limit = harmless ? s_harmless : RecoveryBound.Of(settings, plan);
        bool quiet = world.Run(checks.IsQuiet, limit);
        TimeSpan recovery = world.Elapsed - healed;
        if (world.Failure is null)
        {
            oracle.Look();
        }
        if (world.Failure is null && (quiet ? checks.Broken() : $"no rest within {limit.TotalSeconds:F0} s: {client.Busy} callers wait, {checks.WhatMoves()}") is { } fault)
        {
            world.Fail(fault);
        }
        world.IsOver = true;
        counts.Add("runs");
        counts.Add("jobs", plan.Count);
        return new SimOutcome(seed, world.Failure, world.Hash, world.Steps, world.Elapsed, counts, world.Trace)
        {
            Recovery = recovery,
            RecoveryLimit = limit,
            IsCalm = plan.All(job => job.Mischief is not (Mischief.Kills or Mischief.Hangs)),
        };
    }

    private static void Every(SimWorld world, TimeSpan time, Action what) => world.After(time, () =>
    {
        what();
        Every(world, time, what);
    });
}
