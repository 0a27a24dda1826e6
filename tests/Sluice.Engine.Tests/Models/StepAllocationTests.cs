using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Xunit;

namespace Sluice.Engine.Tests.Models;

[Collection(nameof(Allocations))]
public sealed class StepAllocationTests
{
    [Theory]
    [InlineData(1, WeightFormat.Stored)]
    [InlineData(2, WeightFormat.Stored)]
    [InlineData(2, WeightFormat.Int8)]
    [InlineData(2, WeightFormat.Int4)]
    public void A_thousand_warm_decode_steps_allocate_nothing(int threads, WeightFormat weights)
    {
        using RandomFolder folder = new(RandomFolder.Wide);
        using Model model = folder.Load("cpu", threads, weights);
        GreedyDriver driver = new(model);
        driver.Step(([1, 2, 3], 0, 0), ([4], 0, 10));
        for (int i = 0; i < 50; i++)
            model.Forward(driver.Plan);
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 1000; i++)
                model.Forward(driver.Plan);
        }));
    }
}
