using Sluice.Batching.Costs;
using Xunit;

namespace Sluice.Tests.Batching.Costs;

public sealed class OutputLengthsTests
{
    [Fact]
    public void Until_enough_have_finished_an_answer_is_as_long_as_it_may_be()
    {
        OutputLengths lengths = new();
        for (int i = 0; i < OutputLengths.Enough - 1; i++) lengths.Observe(5);
        Assert.Equal((false, 300), (lengths.Known, lengths.Quantile(0.9, 300)));
        lengths.Observe(5);
        Assert.Equal((true, 5), (lengths.Known, lengths.Quantile(0.9, 300)));
    }

    [Fact]
    public void Quantiles_follow_the_latest_answers_and_stay_within_what_is_allowed()
    {
        OutputLengths lengths = new();
        for (int i = 0; i < 1000; i++) lengths.Observe(1);
        for (int i = 0; i < 1024; i++) lengths.Observe(1 + i % 100);
        Assert.InRange(lengths.Quantile(0.9, 1000), 88, 93);
        Assert.InRange(lengths.Quantile(0.5, 1000), 48, 53);
        Assert.Equal(20, lengths.Quantile(0.9, 20));
        Assert.Equal(0.25, lengths.ShareUpTo(25), 0.03);
        Assert.Equal(0, lengths.ShareUpTo(0));
        Assert.Equal(1, lengths.ShareUpTo(100));
    }
}
