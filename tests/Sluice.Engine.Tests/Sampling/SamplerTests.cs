using Sluice.Engine.Sampling;
using Xunit;

namespace Sluice.Engine.Tests.Sampling;

public sealed class SamplerTests
{
    private readonly Sampler _sampler = new(6);
    private readonly float[] _logits = [0, 3, 1, 3, 2, -1];

    [Fact]
    public void Greedy_takes_the_lowest_of_equals() => Assert.Equal(1, Pick(SamplingOptions.Greedy));

    [Fact]
    public void Greedy_passes_over_what_is_not_a_number()
    {
        Assert.Equal(2, _sampler.Pick([float.NaN, float.NegativeInfinity, 5, float.NaN, 4, 5], SamplingOptions.Greedy, [0], 1, 0));
        Assert.Throws<InvalidOperationException>(() => _sampler.Pick([float.NaN, float.NaN, float.NaN, float.NaN, float.NaN, float.NaN], SamplingOptions.Greedy, [0], 1, 0));
        Assert.Throws<InvalidOperationException>(() => _sampler.Pick([1, float.PositiveInfinity, 0, 0, 0, 0], SamplingOptions.Greedy, [0], 1, 0));
    }

    [Fact]
    public void Drawing_never_takes_what_is_not_a_number()
    {
        SamplingOptions options = new() { Temperature = 5 };
        float[] logits = [float.NaN, 1, float.NegativeInfinity, 1, float.NaN, 1];
        for (int seed = 0; seed < 500; seed++)
            Assert.Contains(_sampler.Pick(logits, options, [0], 1, seed), (int[])[1, 3, 5]);
    }

    [Fact]
    public void Top_k_keeps_the_likeliest_and_of_equals_the_lowest()
    {
        SamplingOptions options = new() { Temperature = 100, TopK = 1 };
        Assert.All(Draws(options, 200), id => Assert.Equal(1, id));
        Assert.Equal([1, 3, 4], Draws(options with { TopK = 3 }, 500).Distinct().Order());
        Assert.Equal(6, Draws(options with { TopK = 1000 }, 500).Distinct().Count());
    }

    [Fact]
    public void Top_p_keeps_the_fewest_that_reach_the_share()
    {
        // Shares at temperature 1: 0.404 (1), 0.404 (3), 0.149 (4), 0.055 (2), 0.020 (0), 0.007 (5).
        SamplingOptions options = new() { Temperature = 1 };
        Assert.Equal([1], Draws(options with { TopP = 0.3f }, 500).Distinct());
        Assert.Equal([1, 3], Draws(options with { TopP = 0.6f }, 500).Distinct().Order());
        Assert.Equal([1, 3, 4], Draws(options with { TopP = 0.85f }, 500).Distinct().Order());
        Assert.Equal([1], Draws(options with { TopP = 0.45f, TopK = 2 }, 500).Distinct()); // of what top-k kept: 0.5 each
    }

    [Fact]
    public void Min_p_drops_what_is_below_a_share_of_the_likeliest()
    {
        SamplingOptions options = new() { Temperature = 1, MinP = 0.3f }; // exp(-1) = 0.37, exp(-2) = 0.14
        Assert.Equal([1, 3, 4], Draws(options, 1000).Distinct().Order());
        Assert.Equal([1, 3], Draws(options with { MinP = 1 }, 500).Distinct().Order());
    }

    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(40, 1, 0)]
    [InlineData(0, 0.9f, 0)]
    [InlineData(0, 0.9999f, 0)]
    [InlineData(700, 0.5f, 0)]
    [InlineData(0, 1, 0.01f)]
    [InlineData(3, 0.99f, 0.2f)]
    [InlineData(0, 0.97f, 0.05f)]
    public void Draws_from_a_large_vocabulary_are_those_of_a_plain_sort(int topK, float topP, float minP)
    {
        const int Size = 3000;
        Sampler sampler = new(Size);
        for (int row = 0; row < 40; row++)
        {
            // From flat to peaked; rounding makes ties.
            float[] logits = [.. Enumerable.Range(0, Size).Select(i => (float)Math.Round(CounterRandom.Uniform(row, i) * row, 1))];
            SamplingOptions options = new() { Temperature = 1, TopK = topK, TopP = topP, MinP = minP };
            for (int seed = 0; seed < 10; seed++)
                Assert.Equal(Plain(logits, options, CounterRandom.Uniform(seed, 1)), sampler.Pick(logits, options, [0], 1, seed));
        }
    }

    private static int Plain(float[] logits, SamplingOptions options, double draw)
    {
        float max = logits.Max();
        bool filtered = options.TopK > 0 || options.TopP < 1 || options.MinP > 0;
        List<(int Id, double Weight)> all = [.. logits.Select((l, id) => (id, (double)MathF.Exp(l - max)))];
        if (filtered)
            all = [.. all.OrderByDescending(c => c.Weight).ThenBy(c => c.Id).Take(options.TopK > 0 ? options.TopK : int.MaxValue)];
        double need = options.TopP < 1 ? options.TopP * all.Sum(c => c.Weight) : double.PositiveInfinity;
        double sum = 0;
        List<(int Id, double Weight)> kept = [];
        foreach ((int id, double weight) in all)
        {
            if (sum >= need || (kept.Count > 0 && weight < options.MinP))
                break;
            kept.Add((id, weight));
            sum += weight;
        }

        double below = 0;
        return kept.First(c => (below += c.Weight) > draw * sum).Id;
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 0.999999f)]
    [InlineData(5, 1)]
    public void Draws_follow_the_softmax(int topK, float topP)
    {
        SamplingOptions options = new() { Temperature = 2, TopK = topK, TopP = topP };
        int[] counts = new int[6];
        foreach (int id in Draws(options, 60_000))
            counts[id]++;
        double[] weights = [.. _logits.Select(l => Math.Exp(l / 2.0))];
        if (topK == 5)
            weights[5] = 0;
        double chi = 0;
        for (int i = 0; i < 6; i++)
        {
            double expected = 60_000 * weights[i] / weights.Sum();
            chi += expected == 0 ? counts[i] : Math.Pow(counts[i] - expected, 2) / expected;
        }

        Assert.InRange(chi, 0, 20.5); // 5 degrees of freedom: exceeded once in 1,000 seeds, and the seeds are fixed
    }

    [Fact]
    public void A_position_is_drawn_alike_whatever_was_drawn_before()
    {
        SamplingOptions options = new() { Temperature = 3 };
        int[] tokens = [0, 1, 2, 3, 4];
        int[] forward = [.. Enumerable.Range(1, 5).Select(n => _sampler.Pick(_logits, options, tokens.AsSpan(0, n), 1, 42))];
        int[] backward = [.. Enumerable.Range(1, 5).Reverse().Select(n => new Sampler(6).Pick(_logits, options, tokens.AsSpan(0, n), 1, 42))];
        Assert.Equal(forward, backward.Reverse());
        Assert.True(Draws(options, 100).Distinct().Count() > 3);
    }

    [Fact]
    public void A_bias_is_added_before_penalties_and_decides_a_greedy_pick()
    {
        float[] logits = [1, 2, 3, 0];
        Sampler sampler = new(4);
        SamplingOptions options = new() { LogitBias = [new(2, -100), new(0, 2.5f)] };
        Assert.Equal(0, sampler.Pick(logits, options, [1], 1, 0)); // 3.5 beside 2
        Assert.Equal(1, sampler.Pick(logits, options with { RepetitionPenalty = 2 }, [0], 1, 0)); // 3.5 / 2 beside 2
        Assert.False(Sampler.PicksLargest(options));
        Assert.Equal([1, 2, 3, 0], logits);
    }

    [Fact]
    public void Penalties_hit_what_was_seen()
    {
        Penalties penalties = new(6);
        float[] logits = [1, -1, 2, 0.5f, 4, 4];
        penalties.Apply(logits, [0, 1, 2, 2, 3], 2, new SamplingOptions { RepetitionPenalty = 2, FrequencyPenalty = 0.25f, PresencePenalty = 1 });
        Assert.Equal([0.5f, -2, 1 - 1.5f, 0.25f - 1.25f, 4, 4], logits);
        float[] again = [1, 1, 1, 1, 1, 1];
        penalties.Apply(again, [5], 0, new SamplingOptions { PresencePenalty = 1 });
        Assert.Equal([1, 1, 1, 1, 1, 0], again);
    }

    [Fact]
    public void Draws_are_spread_evenly_over_seeds_and_positions()
    {
        double sum = 0;
        double low = 1;
        double high = 0;
        for (int i = 0; i < 10_000; i++)
        {
            double draw = CounterRandom.Uniform(i / 100, i % 100);
            (sum, low, high) = (sum + draw, Math.Min(low, draw), Math.Max(high, draw));
        }

        Assert.InRange(sum / 10_000, 0.49, 0.51);
        Assert.InRange(low, 0, 0.001);
        Assert.InRange(high, 0.999, 0.99999999);
    }

    private int Pick(SamplingOptions options, long seed = 0) => _sampler.Pick(_logits, options, [0], 1, seed);

    private int[] Draws(SamplingOptions options, int count) => [.. Enumerable.Range(0, count).Select(seed => Pick(options, seed))];
}
