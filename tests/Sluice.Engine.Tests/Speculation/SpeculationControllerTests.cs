using Xunit;

namespace Sluice.Engine.Tests.Speculation;

/// <summary>The controller in worlds whose prices are known: what it makes of them against never guessing.</summary>
public sealed class SpeculationControllerTests
{
    [Theory]
    [InlineData(1, 0.10, 0)]
    [InlineData(1, 0.10, 0.15)]
    [InlineData(8, 0.06, 0)]
    [InlineData(8, 0.06, 0.1)]
    [InlineData(32, 0.03, 0)]
    [InlineData(32, 0.03, 0.05)]
    public void Where_every_guess_is_wrong_at_most_two_percent_are_lost(int sequences, double row, double draft)
    {
        ControllerWorld world = new(sequences, row, draft);
        world.Run(1500, _ => 0);
        Assert.InRange(world.Speedup, 0.98, 1.0001);
        Assert.True(world.Guesses > 0, "it was meant to try");
    }

    [Theory]
    [InlineData(1, 0.05, 0, 0.95, 3.0)]
    [InlineData(1, 0.05, 0.1, 0.95, 2.0)]
    [InlineData(8, 0.03, 0.02, 0.9, 1.6)]
    [InlineData(4, 0.1, 0, 0.8, 1.2)]
    public void Where_guesses_are_right_and_cheap_it_guesses(int sequences, double row, double draft, double right, double atLeast)
    {
        ControllerWorld world = new(sequences, row, draft);
        world.Run(1500, _ => right);
        Assert.True(world.Speedup > atLeast, $"{world.Speedup:0.00} times, expected {atLeast}");
    }

    [Theory]
    [InlineData(32, 1.0 / 32, 0, 0.8)]
    [InlineData(16, 0.02, 2, 0.9)]
    public void Where_right_guesses_cost_more_than_they_bring_it_stays_off(int sequences, double row, double draft, double right)
    {
        ControllerWorld world = new(sequences, row, draft);
        world.Run(1500, _ => right);
        Assert.InRange(world.Speedup, 0.98, 1.1);
    }

    [Fact]
    public void Sequences_are_told_apart()
    {
        ControllerWorld world = new(8, 0.05, 0);
        world.Run(800, i => i < 4 ? 0.95 : 0.05);
        long good = world.Drafts.Take(4).Sum(d => world.GuessesOf(d));
        long bad = world.Drafts.Skip(4).Sum(d => world.GuessesOf(d));
        Assert.True(good > 10 * bad, $"{good} guesses for those worth it, {bad} for the others");
        Assert.True(world.Speedup > 1.1);
    }

    [Fact]
    public void What_was_off_comes_back_when_guesses_become_right()
    {
        ControllerWorld world = new(4, 0.05, 0.05);
        world.Run(1000, _ => 0);
        world.Reset();
        world.Run(2000, _ => 0.95);
        Assert.True(world.Speedup > 1.3, $"{world.Speedup:0.00} times");
    }

    [Fact]
    public void A_new_sequence_begins_with_what_its_workload_is_known_for()
    {
        ControllerWorld world = new(4, 0.05, 0) { Workload = i => (ulong)(i / 2) };
        world.Run(300, i => i < 2 ? 0.95 : 0);
        world.Reset(freshSequences: true);
        world.Run(3, _ => 0.5); // two may be without guesses
        Assert.True(world.Drafts.Take(2).All(d => world.GuessesOf(d) > 0));
        Assert.True(world.Drafts.Skip(2).Count(d => world.GuessesOf(d) > 0) <= 1); // one may be a try
    }

    [Fact]
    public void A_long_way_to_catch_up_for_a_few_tokens_is_not_gone()
    {
        ControllerWorld near = new(1, 0.05, 0.02) { Behind = 2 };
        near.Run(200, _ => 0.95);
        ControllerWorld far = new(1, 0.05, 0.02) { Behind = 2000, Capacity = 40 };
        far.Run(30, _ => 0.95);
        Assert.True(near.Guesses > 100);
        Assert.Equal(0, far.Guesses);
    }

    [Fact]
    public void With_one_guess_a_step_what_was_off_comes_back_too()
    {
        ControllerWorld world = new(4, 0.05, 0.05, most: 1);
        world.Run(1000, _ => 0);
        world.Reset();
        world.Run(2000, _ => 0.95);
        Assert.True(world.Speedup > 1.3, $"{world.Speedup:0.00} times");
    }

    [Fact]
    public void Guesses_that_no_sequence_has_room_for_are_not_counted()
    {
        ControllerWorld world = new(4, 0.05, 0.02);
        world.Run(100, _ => 0.95);
        world.Capacity = 13; // one guess, and the step's own token
        world.Room = 4;
        world.Reset(freshSequences: true);
        world.Run(1, _ => 0.95);
        Assert.All(world.Drafts, d => Assert.Equal(1, d.Wanted));
    }

    [Fact]
    public void Load_on_the_machine_does_not_look_like_a_price()
    {
        ControllerWorld world = new(1, 0.05, 0) { Noise = step => step / 50 % 2 == 0 ? 1 : 2.5 };
        world.Run(1500, _ => 0.95);
        Assert.True(world.Speedup > 2.5, $"{world.Speedup:0.00} times");
    }
}
