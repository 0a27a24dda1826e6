using Sluice.Batching.Costs;
using Xunit;

namespace Sluice.Tests.Batching.Costs;

public sealed class StepCostsTests
{
    [Fact]
    public void It_finds_the_four_costs_from_noisy_steps()
    {
        StepCosts costs = new();
        Teach(costs, 4000, 0.005, 20e-6, 50e-6, 1e-9, noise: 0.05);
        Assert.Equal(0.005, costs.A, 0.0005);
        Assert.Equal(20e-6, costs.B, 2e-6);
        Assert.Equal(50e-6, costs.C, 15e-6);
        Assert.Equal(1e-9, costs.D, 0.2e-9);
        (double p50, double p95) = costs.Errors();
        Assert.InRange(p50, 0.01, 0.05);
        Assert.InRange(p95, 0.03, 0.12);
    }

    [Fact]
    public void Steps_that_took_long_for_no_reason_of_theirs_count_in_the_sum_and_not_in_the_shape()
    {
        StepCosts costs = new();
        Random random = new(1);
        double took = 0, predicted = 0;
        for (int i = 0; i < 4000; i++)
        {
            int prefill = random.Next(1000);
            double seconds = (0.005 + 20e-6 * prefill) * (random.Next(10) == 0 ? 5 : 1);
            if (i >= 1000) (took, predicted) = (took + seconds, predicted + costs.Seconds(prefill, 0, 0));
            costs.Observe(prefill, 0, 0, seconds);
        }
        Assert.Equal(1, predicted / took, 0.05);
        Assert.Equal(20e-6 / 0.005, costs.B / costs.A, 20e-6 / 0.005 * 0.1);
    }

    [Fact]
    public void Steps_of_a_kind_that_varies_more_are_not_taken_for_shorter_than_they_are()
    {
        StepCosts costs = new();
        Random random = new(1);
        double[] took = new double[2], predicted = new double[2];
        for (int i = 0; i < 6000; i++)
        {
            int prefill = random.Next(500), came = i % 2 * 5;
            double seconds = (0.005 + 20e-6 * prefill + 1e-3 * came) * (came == 0 ? 1 : random.Next(4) == 0 ? 3 : 2 / 3.0);
            if (i >= 1000)
            {
                took[i % 2] += seconds;
                predicted[i % 2] += costs.Seconds(prefill, 0, 0, came);
            }
            costs.Observe(prefill, 0, 0, seconds, came);
        }
        Assert.Equal(1, predicted[0] / took[0], 0.08);
        Assert.Equal(1, predicted[1] / took[1], 0.08);
    }

    [Fact]
    public void What_jobs_cost_that_come_meanwhile_is_told_apart_from_the_steps_own()
    {
        StepCosts costs = new(), later = new();
        Random random = new(1);
        for (int i = 0; i < 4000; i++)
        {
            int prefill = random.Next(500), came = random.Next(3) == 0 ? random.Next(20) : 0;
            costs.Observe(prefill, 10, 0, 0.001 + 20e-6 * prefill + 50e-6 * 10 + 0.5e-3 * came, came);
        }
        Assert.Equal(0.5e-3, costs.E, 0.01e-3);
        Assert.Equal(0.0115, costs.Seconds(500, 10, 0), 0.0001);
        Assert.Equal(0.0165, costs.Seconds(500, 10, 0, came: 10), 0.0001);
        double alone = 0.0015 + 20e-6 * 249.5; // a third of the steps has 9.5 on average
        Assert.Equal(1 + 0.5e-3 * 9.5 / 3 / alone, costs.Slowdown, 0.05);
        later.Restore(costs.Coefficients());
        Assert.Equal(costs.E, later.E, 1e-6);
    }

    [Fact]
    public void It_follows_an_engine_that_became_slower()
    {
        StepCosts costs = new();
        Teach(costs, 3000, 0.005, 20e-6, 50e-6, 1e-9, noise: 0);
        Teach(costs, 3000, 0.010, 40e-6, 100e-6, 2e-9, noise: 0);
        Assert.Equal(0.010, costs.A, 0.001);
        Assert.Equal(40e-6, costs.B, 4e-6);
    }

    [Fact]
    public void No_cost_is_ever_negative_or_infinite_whatever_is_observed()
    {
        StepCosts costs = new();
        Random random = new(2);
        for (int i = 0; i < 20_000; i++)
        {
            double seconds = random.Next(6) switch { 0 => 0, 1 => double.NaN, 2 => double.PositiveInfinity, 3 => 1e-12, 4 => 1e6, _ => random.NextDouble() };
            costs.Observe(random.Next(2) * random.Next(5000), random.Next(2) * random.Next(300), random.NextInt64(1L << 40), seconds);
            Assert.All(new[] { costs.A, costs.B, costs.C, costs.D }, cost => Assert.True(cost >= 0 && double.IsFinite(cost), $"{cost} after {i}"));
        }
    }

    [Fact]
    public void Steps_that_are_all_alike_are_predicted_though_their_costs_cannot_be_told_apart()
    {
        StepCosts costs = new();
        for (int i = 0; i < 500; i++) costs.Observe(100, 10, 5000, 0.02);
        Assert.Equal(0.02, costs.Seconds(100, 10, 5000), 1e-4);
    }

    [Fact]
    public void What_was_learned_survives_a_restart_and_gives_way_to_what_is_new()
    {
        StepCosts first = new(), second = new();
        Teach(first, 2000, 0.005, 20e-6, 50e-6, 1e-9, noise: 0);
        second.Restore(first.Coefficients());
        Assert.Equal(first.Seconds(500, 20, 100_000), second.Seconds(500, 20, 100_000), 1e-6);
        Assert.Equal(2000, second.Observed);
        Teach(second, 3000, 0.010, 40e-6, 100e-6, 2e-9, noise: 0);
        Assert.Equal(0.010, second.A, 0.001);
    }

    [Fact]
    public void A_cost_that_was_nothing_before_a_restart_is_learned_soon_after_it()
    {
        StepCosts first = new(), second = new();
        Teach(first, 2000, 0.005, 20e-6, 0, 0, noise: 0);
        second.Restore(first.Coefficients() with { C = 0, D = 0 });
        Teach(second, 1000, 0.005, 20e-6, 50e-6, 1e-9, noise: 0);
        Assert.Equal(50e-6, second.C, 5e-6);
        Assert.Equal(1e-9, second.D, 0.1e-9);
    }

    [Fact]
    public void Before_the_first_step_the_error_is_whole() => Assert.Equal((1.0, 1.0), new StepCosts().Errors());

    private static void Teach(StepCosts costs, int steps, double a, double b, double c, double d, double noise)
    {
        Random random = new(1);
        for (int i = 0; i < steps; i++)
        {
            int prefill = random.Next(3) == 0 ? 0 : random.Next(1000), decode = random.Next(200);
            long kv = random.Next(2_000_000);
            costs.Observe(prefill, decode, kv, (a + b * prefill + c * decode + d * kv) * (1 + noise * (2 * random.NextDouble() - 1)));
        }
    }
}
