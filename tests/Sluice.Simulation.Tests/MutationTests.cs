using Sluice.Simulation.Tests.Mutations;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Simulation.Tests;

/// <summary>The tests of the tests: a store that breaks one promise must be found out.</summary>
public sealed class MutationTests
{
    private const int Seeds = 2_000;

    private static readonly Dictionary<string, Func<MemoryJobStore, IJobStore>> s_mutants = new()
    {
        [nameof(DropsTheFence)] = store => new DropsTheFence(store),
        [nameof(KeepsTheFence)] = store => new KeepsTheFence(store),
        [nameof(LetsTheDeadHold)] = store => new LetsTheDeadHold(store),
        [nameof(OverwritesEnds)] = store => new OverwritesEnds(store),
        [nameof(FinishesTwice)] = store => new FinishesTwice(store),
        [nameof(ChargesEveryDeath)] = store => new ChargesEveryDeath(store),
        [nameof(AnswersBeforeTheCommit)] = store => new AnswersBeforeTheCommit(store),
        [nameof(SkipsTheOutbox)] = store => new SkipsTheOutbox(store),
        [nameof(DeletesBeforeTheConfirm)] = store => new DeletesBeforeTheConfirm(store),
        [nameof(ForgetsKeys)] = store => new ForgetsKeys(store),
        [nameof(ForgetsATwin)] = store => new ForgetsATwin(store),
        [nameof(IgnoresCancel)] = store => new IgnoresCancel(store),
        [nameof(MixesTenants)] = store => new MixesTenants(store),
        [nameof(ReleasesNothing)] = store => new ReleasesNothing(store),
        [nameof(NeverTicketsAgain)] = store => new NeverTicketsAgain(store),
        [nameof(ExpiresEarly)] = store => new ExpiresEarly(store),
        [nameof(EndsLeadersAtATwinsDeadline)] = store => new EndsLeadersAtATwinsDeadline(store),
        [nameof(HidesItsClock)] = store => new HidesItsClock(store),
    };

    public static TheoryData<string> Mutants => [.. s_mutants.Keys];

    [Theory]
    [MemberData(nameof(Mutants))]
    public void A_broken_store_is_found_out(string mutant) => Finds(mutant, seed => Simulation.Run(seed, s_mutants[mutant]));

    [Fact]
    public void A_consumer_that_acknowledges_before_its_work_is_done_is_found_out() => Finds("acknowledges early", seed => Simulation.Run(seed, acknowledgeEarly: true));

    [Fact]
    public void The_store_that_a_mutation_starts_from_is_well() =>
        Assert.Empty(SeedSweep.Run(1, 100, enough: 1, seed => Simulation.Run(seed, store => new PassingStore(store))).Failures);

    private static void Finds(string what, Func<ulong, SimOutcome> run)
    {
        SweepOutcome outcome = SeedSweep.Run(1, Seeds, enough: 1, run);
        Console.WriteLine($"{what}: after {outcome.Runs} seeds: {(outcome.Failures.Count == 0 ? "never" : outcome.Failures[0].Failure!.Split('\n')[0])}");
        Assert.True(outcome.Failures.Count > 0, $"{what} was not found in {Seeds} seeds.");
    }
}
