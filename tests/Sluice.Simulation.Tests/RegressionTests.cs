using Xunit;

namespace Sluice.Simulation.Tests;

/// <summary>
/// Seeds that found a fault, and what it was. A change to what a seed draws may make another run of it; the fault's own test or mutation is named where there
/// is one.
/// </summary>
public sealed class RegressionTests
{
    [Theory]
    [InlineData(8, "a worker whose clock is ahead expires what has a deadline (HidesItsClock)")]
    public void A_seed_that_failed_without_any_fault_holds(ulong seed, string found) => Holds(seed, found, harmless: true);

    [Theory]
    [InlineData(43, "a drain that gives its last results up throws (DrainTests)")]
    [InlineData(74, "reserving and stealing wait for one room, and one of them for ever (WakeUpTests)")]
    [InlineData(118, "the same: the worker takes no tickets any more")]
    [InlineData(146, "the same")]
    [InlineData(282, "the same")]
    [InlineData(1807, "a run that is begun twice under one claim ends twice in one transaction; the second end is discarded, and the oracle took that for a loss")]
    [InlineData(6745, "the same")]
    [InlineData(6111, "a store that is away while a worker stops ends the keeper of its shards with an exception")]
    [InlineData(3894, "the same, of the reconciler")]
    [InlineData(2344, "a worker that drains while the store is away is taken for stalled: nobody takes back what waits in its former")]
    public void A_seed_that_failed_holds(ulong seed, string found) => Holds(seed, found, harmless: false);

    private static void Holds(ulong seed, string found, bool harmless)
    {
        SimOutcome outcome = Simulation.Run(seed, harmless: harmless);
        Assert.True(outcome.Failure is null, $"Once: {found}. Now: {outcome}");
    }
}
