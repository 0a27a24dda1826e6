using Sluice.Engine.Sampling;
using Xunit;

namespace Sluice.Engine.Tests.Sampling;

public sealed class LogProbabilitiesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(512)]
    [InlineData(5003)]
    public void The_normalizer_is_the_log_of_the_sum_of_exponentials(int vocabulary)
    {
        float[] logits = [.. Enumerable.Range(0, vocabulary).Select(i => (float)(CounterRandom.Uniform(3, i) * 60) - 30)];
        double max = logits.Max();
        double expected = max + Math.Log(logits.Sum(l => Math.Exp(l - max)));
        Assert.Equal(expected, new LogProbabilities(vocabulary).Normalizer(logits), 1e-6);
    }

    [Fact]
    public void What_is_not_a_number_has_no_weight()
    {
        LogProbabilities logProbabilities = new(4);
        Assert.Equal(Math.Log(2), logProbabilities.Normalizer([float.NaN, 0, float.NegativeInfinity, 0]), 1e-6);
        Assert.Throws<InvalidOperationException>(() => logProbabilities.Normalizer([float.NaN, float.NaN, float.NaN, float.NaN]));
    }

    [Fact]
    public void Huge_logits_do_not_overflow()
    {
        Assert.Equal(3e38 + Math.Log(2), new LogProbabilities(3).Normalizer([3e38f, 3e38f, -3e38f]), 1e31);
    }

    [Fact]
    public void The_top_is_ordered_and_ties_go_to_the_lowest_id()
    {
        float[] logits = [1, 5, float.NaN, 5, 7, 1, 0];
        (int Id, float Logprob)[] top = new (int, float)[5];
        LogProbabilities.Top(logits, 7, top);
        Assert.Equal([(4, 0f), (1, -2f), (3, -2f), (0, -6f), (5, -6f)], top);
    }
}
