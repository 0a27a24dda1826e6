using Sluice.Engine.Sampling;
using Xunit;

namespace Sluice.Engine.Tests.Speculation;

/// <summary>
/// Time with speculation against time without, from the first step of a new engine on, over a grid of prices and of shares of guesses that stand: in no world
/// are more than 2 % lost, and where guessing pays, nine tenths of what the best fixed number of guesses brings are had once that is found out.
/// </summary>
public sealed class NeverSlowerTests
{
    private const int Steps = 400;
    private const double Least = 1 / 1.02;

    private static readonly double[] _rows = [0.005, 0.02, 0.06, 0.2, 1];
    private static readonly double[] _drafts = [0, 0.05, 0.2, 0.5, 1];
    private static readonly double[] _shares = [0, 0.3, 0.6, 0.8, 0.95];

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(32)]
    public void Whatever_it_costs(int sequences) => Each(sequences, (row, draft) => new(sequences, row, draft), (world, right) => world.Run(Steps, _ => right));

    // What was lost after the change comes out of what was won before it; of that an account keeps little.
    [Theory]
    [InlineData(1, true)]
    [InlineData(8, true)]
    [InlineData(32, true)]
    [InlineData(1, false)]
    [InlineData(8, false)]
    [InlineData(32, false)]
    public void When_guesses_turn_wrong(int sequences, bool whole) => Each(sequences, (row, draft) => new(sequences, row, draft), (world, right) =>
    {
        world.Run(Steps, _ => right);
        if (!whole)
            world.Reset();
        world.Run(Steps, _ => 0.6 * right);
    }, whole ? Least : 0.96);

    [Theory]
    [InlineData(1, true)]
    [InlineData(8, true)]
    [InlineData(32, true)]
    [InlineData(1, false)]
    [InlineData(8, false)]
    [InlineData(32, false)]
    public void When_guesses_get_dear(int sequences, bool whole) => Each(sequences, (row, draft) => new(sequences, row, draft), (world, right) =>
    {
        world.Run(Steps, _ => right);
        if (!whole)
            world.Reset();
        Func<int, double> before = world.RowPrice;
        world.RowPrice = rows => 3 * before(rows);
        world.DraftPrice *= 3;
        world.Run(Steps, _ => right);
    }, whole ? Least : 0.96);

    [Theory]
    [InlineData(1, 100)]
    [InlineData(8, 100)]
    [InlineData(32, 100)]
    [InlineData(1, 23)]
    [InlineData(8, 23)]
    [InlineData(32, 23)]
    public void While_the_machine_is_now_half_as_fast_and_now_as_fast_as_ever(int sequences, int every) => Each(
        sequences, (row, draft) => new(sequences, row, draft) { Noise = step => step / every % 2 == 0 ? 1 : 2 }, (world, right) => world.Run(Steps, _ => right));

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(32)]
    public void While_the_machine_gets_slower_and_faster_bit_by_bit(int sequences) => Each(
        sequences, (row, draft) => new(sequences, row, draft) { Noise = step => Math.Pow(2, Math.Sin(step / 100.0)) }, (world, right) => world.Run(2 * Steps, _ => right));

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(32)]
    public void While_steps_differ_and_some_meet_a_pause(int sequences) => Each(sequences, (row, draft) => new(sequences, row, draft) { Noise = Restless }, (world, right) => world.Run(Steps, _ => right));

    [Theory]
    [InlineData(8, 16)]
    [InlineData(32, 16)]
    [InlineData(32, 40)]
    public void Where_many_rows_are_dear_and_few_are_not(int sequences, int few) => Each(
        sequences, (row, draft) => new(sequences, row, draft) { RowPrice = rows => rows <= few ? row : 5 * row }, (world, right) => world.Run(Steps, _ => right));

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(32)]
    public void Where_guesses_stand_together_so_that_they_promise_more_than_they_bring(int sequences) => Each(
        sequences, (row, draft) => new(sequences, row, draft) { Together = true }, (world, right) => world.Run(Steps, _ => right));

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(32)]
    public void Nine_tenths_of_what_the_best_fixed_number_brings(int sequences)
    {
        List<string> failures = [];
        int paying = 0;
        foreach (double row in _rows)
        {
            foreach (double draft in _drafts)
            {
                foreach (double right in _shares)
                {
                    ControllerWorld world = new(sequences, row, draft) { Room = 96 };
                    double best = Enumerable.Range(1, 8).Where(k => k * sequences <= world.Room).Max(k => world.Fixed(k, Steps + 1, Steps + 1000, _ => right));
                    if (best < 1.1)
                        continue;
                    paying++;
                    world.Run(Steps, _ => right); // finds out
                    world.Reset();
                    world.Run(1000, _ => right);
                    if (world.Speedup - 1 < 0.9 * (best - 1))
                        failures.Add($"row {row}, draft {draft}, {right} stand: {world.Speedup:0.000} of {best:0.000}");
                }
            }
        }

        Assert.True(paying > 3);
        Assert.True(failures.Count == 0, $"{failures.Count} of {paying}: " + string.Join("; ", failures));
    }

    private static double Restless(int step) => (0.85 + (0.3 * CounterRandom.Uniform(3, step))) * (CounterRandom.Uniform(4, step) < 0.01 ? 8 : 1);

    private static void Each(int sequences, Func<double, double, ControllerWorld> make, Action<ControllerWorld, double> run, double least = Least)
    {
        List<string> failures = [];
        int worlds = 0;
        double guesses = 0;
        foreach (double row in _rows)
        {
            foreach (double draft in _drafts)
            {
                foreach (double right in _shares)
                {
                    ControllerWorld world = make(row, draft);
                    world.Room = 96;
                    run(world, right);
                    worlds++;
                    guesses += world.Guesses;
                    if (world.Speedup < least)
                        failures.Add($"row {row}, draft {draft}, {right} stand: {world.Speedup:0.000}");
                }
            }
        }

        Assert.True(guesses > 10 * worlds, "it was meant to guess");
        Assert.True(failures.Count == 0, $"{failures.Count} of {worlds} with {sequences} sequences: " + string.Join("; ", failures));
    }
}
