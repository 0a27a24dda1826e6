using Sluice.Engine.Sampling;
using Sluice.Engine.Speculation;
using Xunit;

namespace Sluice.Engine.Tests.Speculation;

/// <summary>Tokens that guesses stand for are distributed as without guesses: chi-square over 50,000 draws each, alpha 0.001.</summary>
public sealed class RejectionRuleTests
{
    private const int Vocabulary = 16;
    private const int Draws = 50_000;

    public static TheoryData<SamplingOptions, float> Ways()
    {
        TheoryData<SamplingOptions, float> ways = [];
        SamplingOptions[] options =
        [
            new() { Temperature = 1 }, new() { Temperature = 0.6f, TopK = 7 }, new() { Temperature = 1.3f, TopP = 0.8f }, new() { Temperature = 1, MinP = 0.1f },
            new() { Temperature = 1, TopK = 9, TopP = 0.9f, MinP = 0.03f }, new() { Temperature = 1, RepetitionPenalty = 1.5f, FrequencyPenalty = 0.4f },
        ];
        foreach (SamplingOptions one in options)
        {
            foreach (float distance in (float[])[0, 0.7f, 6])
                ways.Add(one, distance);
        }

        return ways;
    }

    /// <param name="options">How to draw.</param>
    /// <param name="distance">How far the guesser's logits are from the target's: none, some, another model altogether.</param>
    [Theory]
    [MemberData(nameof(Ways))]
    public void A_drawn_guess_keeps_the_distribution(SamplingOptions options, float distance)
    {
        Sampler sampler = new(Vocabulary);
        int[] tokens = [1, 2, 3, 3, 5, 3];
        float[] target = Logits(1, 2);
        float[] guesser = [.. target.Zip(Logits(2, distance), (a, b) => a + b)];
        SamplingOptions drawing = options with { TopK = options.TopK > 0 ? options.TopK : TokenChances.Most };
        TokenChances chances = new();
        int[] counts = new int[Vocabulary];
        int stood = 0;
        for (long seed = 0; seed < Draws; seed++)
        {
            int guess = sampler.Guess(guesser, drawing, tokens, 3, seed, chances);
            int id = sampler.Accept(target, options, tokens, 3, seed, guess, chances);
            counts[id]++;
            stood += id == guess ? 1 : 0;
        }

        if (distance == 0)
            Assert.Equal(Draws, stood); // of equal distributions every guess stands
        else
            Assert.InRange(stood, 1, Draws - 1);
        Compare(Probabilities(sampler, target, options, tokens), counts);
    }

    /// <summary>Guesses come from the 32 likeliest of 1,500, and what falls is drawn from all of them, over blocks of weights.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0.7f)]
    [InlineData(6)]
    public void A_guess_from_a_few_of_many_tokens_keeps_the_distribution_of_all(float distance)
    {
        const int Many = 1500;
        Sampler sampler = new(Many);
        SamplingOptions options = new() { Temperature = 1 };
        SamplingOptions drawing = options with { TopK = TokenChances.Most };
        float[] target = Logits(1, 3, Many);
        float[] guesser = [.. target.Zip(Logits(2, distance, Many), (a, b) => a + b)];
        TokenChances chances = new();
        int[] counts = new int[Many];
        int stood = 0;
        for (long seed = 0; seed < Draws; seed++)
        {
            int guess = sampler.Guess(guesser, drawing, [1, 2, 3], 3, seed, chances);
            int id = sampler.Accept(target, options, [1, 2, 3], 3, seed, guess, chances);
            counts[id]++;
            stood += id == guess ? 1 : 0;
        }

        Assert.Equal(TokenChances.Most, chances.Count);
        Assert.InRange(stood, 100, Draws - 100);
        double[] weights = [.. target.Select(logit => Math.Exp(logit))];
        double total = weights.Sum();
        (double[] expected, int[] found) = Merge([.. weights.Select(weight => weight / total)], counts);
        Assert.True(expected.Length > 900, $"{expected.Length} bins");
        Compare(expected, found);
    }

    [Fact]
    public void A_guess_that_was_not_drawn_stands_with_its_own_probability()
    {
        // The token is picked as always, and the guess stands where it is equal: nothing could change the distribution.
        Sampler sampler = new(Vocabulary);
        DraftVerifier verifier = new(sampler);
        float[] target = Logits(1, 2);
        SamplingOptions options = new() { Temperature = 1 };
        EngineRequest request = new() { Scope = default, Kind = SequenceKind.Generate, Prompt = [1, 2, 3], Sampling = options };
        double[] expected = Probabilities(sampler, target, options, [1, 2, 3]);
        foreach (int guess in (int[])[LogProbabilities.ArgMax(target), 5])
        {
            Draft draft = new(request, seed: 1, capacity: 10, most: 4) { Tokens = [1, 2, 3, guess, 0, 0, 0, 0, 0, 0], Length = 3, Wanted = 1, Count = 1 };
            int[] counts = new int[Vocabulary];
            for (long seed = 0; seed < Draws; seed++)
                counts[verifier.Next(target, options, [1, 2, 3], 3, seed, draft, index: 0, planned: 1)]++;
            Assert.True(draft.Drawn);
            Compare(expected, counts);
        }
    }

    [Fact]
    public void The_test_sees_a_rule_that_is_wrong()
    {
        // Taking every guess gives the guesser's distribution.
        Sampler sampler = new(Vocabulary);
        float[] target = Logits(1, 2);
        float[] guesser = [.. target.Zip(Logits(2, 0.3f), (a, b) => a + b)];
        SamplingOptions options = new() { Temperature = 1, TopK = TokenChances.Most };
        TokenChances chances = new();
        int[] counts = new int[Vocabulary];
        for (long seed = 0; seed < Draws; seed++)
            counts[sampler.Guess(guesser, options, [1, 2, 3], 3, seed, chances)]++;
        double[] expected = Probabilities(sampler, target, options, [1, 2, 3]);
        Assert.True(Statistic(expected, counts) > Critical(expected));
    }

    internal static void Compare(double[] expected, int[] counts)
    {
        double statistic = Statistic(expected, counts);
        Assert.True(statistic < Critical(expected), $"chi-square {statistic:0.0}, critical {Critical(expected):0.0} at alpha 0.001");
        Assert.All(Enumerable.Range(0, counts.Length), id => Assert.True(expected[id] > 0 || counts[id] == 0, $"id {id} has no probability and came {counts[id]} times"));
    }

    private static float[] Logits(long seed, float scale, int count = Vocabulary) =>
        [.. Enumerable.Range(0, count).Select(i => (float)((CounterRandom.Uniform(seed, i) - 0.5) * 2 * scale))];

    // What the options keep of the vocabulary, all of which fits into chances. That a plain pick draws from the same is a test of its own.
    private static double[] Probabilities(Sampler sampler, float[] logits, SamplingOptions options, int[] tokens)
    {
        TokenChances chances = new();
        sampler.Guess(logits, options with { TopK = options.TopK > 0 ? options.TopK : TokenChances.Most }, tokens, 3, 1, chances);
        double[] all = new double[Vocabulary];
        for (int id = 0; id < Vocabulary; id++)
            all[id] = chances.Of(id);
        return all;
    }

    // Neighbours together until five draws or more are expected of each bin; what is left over goes to the last.
    private static (double[] Expected, int[] Counts) Merge(double[] expected, int[] counts)
    {
        List<double> chances = [0];
        List<int> found = [0];
        for (int id = 0; id < counts.Length; id++)
        {
            if (chances[^1] * Draws >= 5 && expected[id..].Sum() * Draws >= 5)
            {
                chances.Add(0);
                found.Add(0);
            }

            chances[^1] += expected[id];
            found[^1] += counts[id];
        }

        return ([.. chances], [.. found]);
    }

    private static double Statistic(double[] expected, int[] counts)
    {
        double total = counts.Sum();
        double sum = 0;
        for (int id = 0; id < counts.Length; id++)
        {
            if (expected[id] > 0)
                sum += Math.Pow(counts[id] - (expected[id] * total), 2) / (expected[id] * total);
        }

        return sum;
    }

    // Wilson and Hilferty's cube: within a percent from 2 degrees of freedom on.
    private static double Critical(double[] expected)
    {
        int degrees = expected.Count(p => p > 0) - 1;
        double part = 2.0 / (9 * degrees);
        return degrees * Math.Pow(1 - part + (3.0902 * Math.Sqrt(part)), 3);
    }
}
