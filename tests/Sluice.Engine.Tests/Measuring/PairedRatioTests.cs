using Sluice.Engine.Measuring;
using Xunit;

namespace Sluice.Engine.Tests.Measuring;

public sealed class PairedRatioTests
{
    [Theory]
    [InlineData(15, 8, 4, 12)] // 96.5 % by the binomial table
    [InlineData(16, 8.5, 4, 13)]
    [InlineData(6, 3.5, 1, 6)]
    [InlineData(5, 3, 1, 5)] // too few for 95 %: their range
    [InlineData(1, 1, 1, 1)]
    public void The_interval_of_the_median_is_that_of_the_binomial_table(int count, double median, double low, double high) =>
        Assert.Equal(new PairedRatio(median, low, high), PairedRatio.Of(Enumerable.Range(1, count).Select(i => (double)i).Reverse()));
}
