using Sluice.Jobs;
using Sluice.Simulation.Tests.Mutations;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Simulation.Tests;

/// <summary>The tests of the tests: a store that breaks one promise must be found out.</summary>
public sealed class MutationTests
{
    private const int Seeds = 2_000;

    /// <summary>How each is broken, and what the simulation says of it, in part. A failure of another kind finds nothing.</summary>
    private static readonly Dictionary<string, (Func<MemoryJobStore, IJobStore> Break, string Says)> s_mutants = new()
    {
        [nameof(DropsTheFence)] = (store => new DropsTheFence(store), "a stale end of"),
        [nameof(KeepsTheFence)] = (store => new KeepsTheFence(store), "is given to two workers"),
        [nameof(LetsTheDeadHold)] = (store => new LetsTheDeadHold(store), "is given to a worker that is dead"),
        [nameof(OverwritesEnds)] = (store => new OverwritesEnds(store), "changed it"),
        [nameof(FinishesTwice)] = (store => new FinishesTwice(store), "is told by two rows"),
        [nameof(ChargesEveryDeath)] = (store => new ChargesEveryDeath(store), "is charged for a death that it shared"),
        [nameof(ConvictsAfterTwoLoneDeaths)] = (store => new ConvictsAfterTwoLoneDeaths(store), "was convicted after"),
        [nameof(ConvictsNobody)] = (store => new ConvictsNobody(store), "was let go after"),
        [nameof(AnswersBeforeTheCommit)] = (store => new AnswersBeforeTheCommit(store), "is said to be stored"),
        [nameof(SkipsTheOutbox)] = (store => new SkipsTheOutbox(store), "was queued without a ticket"),
        [nameof(DeletesBeforeTheConfirm)] = (store => new DeletesBeforeTheConfirm(store), "was never told"),
        [nameof(ForgetsKeys)] = (store => new ForgetsKeys(store), "jobs have the key"),
        [nameof(ForgetsATwin)] = (store => new ForgetsATwin(store), $"waits for {new JobId(Guid.Empty)}"),
        [nameof(IgnoresCancel)] = (store => new IgnoresCancel(store), "was cancelled and is"),
        [nameof(MixesTenants)] = (store => new MixesTenants(store), "could cancel"),
        [nameof(ReleasesNothing)] = (store => new ReleasesNothing(store), "a worker that ended in good order"),
        [nameof(NeverTicketsAgain)] = (store => new NeverTicketsAgain(store), "jobs have not ended"),
        [nameof(TicketsAgainLate)] = (store => new TicketsAgainLate(store), "no rest within"),
        [nameof(ForgetsWhatHadBegun)] = (store => new ForgetsWhatHadBegun(store), "jobs have not ended"),
        [nameof(ExpiresEarly)] = (store => new ExpiresEarly(store), "before its deadline"),
        [nameof(EndsLeadersAtATwinsDeadline)] = (store => new EndsLeadersAtATwinsDeadline(store), "expired and has no deadline"),
        [nameof(HidesItsClock)] = (store => new HidesItsClock(store), "was given up"),
    };

    public static TheoryData<string> Mutants => [.. s_mutants.Keys];

    [Theory]
    [MemberData(nameof(Mutants))]
    public void A_broken_store_is_found_out(string mutant) => Finds(mutant, s_mutants[mutant].Says, seed => Simulation.Run(seed, s_mutants[mutant].Break));

    [Fact]
    public void A_consumer_that_acknowledges_before_its_work_is_done_is_found_out() => Finds("acknowledges early", "was accepted and is nowhere", seed => Simulation.Run(seed, acknowledgeEarly: true));

    [Fact]
    public void The_store_that_a_mutation_starts_from_is_well() =>
        Assert.Empty(SeedSweep.Run(1, 100, enough: 1, seed => Simulation.Run(seed, store => new PassingStore(store))).Failures);

    private static void Finds(string what, string says, Func<ulong, SimOutcome> run)
    {
        SweepOutcome outcome = SeedSweep.Run(1, Seeds, enough: 1, run);
        Console.WriteLine($"{what}: after {outcome.Runs} seeds: {(outcome.Failures.Count == 0 ? "never" : outcome.Failures[0].Failure!.Split('\n')[0])}");
        Assert.True(outcome.Failures.Count > 0, $"{what} was not found in {Seeds} seeds.");
        Assert.All(outcome.Failures, failure => Assert.Contains(says, failure.Failure!, StringComparison.Ordinal));
    }
}
