using Sluice.Engine.Backends;
using Sluice.Engine.Models;
using Sluice.Engine.Sequences;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Models;

/// <summary>Angles of the pairs of a head of 128 with theta 500,000, the numbers of Llama 3.1.</summary>
public sealed unsafe class RopeTests
{
    private static readonly RopeScaling Llama3 = new(RopeScalingKind.Llama3, 8, 1, 4, 8192);

    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(1, 0.8146179)]
    [InlineData(63, 2.4551408e-6)]
    public void Without_scaling_a_pair_turns_by_a_power_of_theta(int pair, double expected) => Assert.Equal(expected, Frequency(RopeScaling.None, pair), 6e-5 * expected);

    [Theory]
    [InlineData(0, 1.0)] // short waves as they are
    [InlineData(20, 1.0)]
    [InlineData(63, 0.125)] // long ones by the factor
    [InlineData(40, 0.125)]
    public void Llama3_scaling_leaves_short_waves_and_stretches_long_ones(int pair, double share) =>
        Assert.Equal(share, Frequency(Llama3, pair) / Frequency(RopeScaling.None, pair), 1e-3);

    [Fact]
    public void Llama3_scaling_blends_between_them()
    {
        double wavelength = 2 * Math.PI * Math.Pow(500_000, 32 / 64.0); // 4443: between 8192 / 4 and 8192 / 1
        double kept = ((8192 / wavelength) - 1) / 3;
        Assert.Equal(((1 - kept) / 8) + kept, Frequency(Llama3, 32) / Frequency(RopeScaling.None, 32), 1e-3);
        Assert.InRange(kept, 0.2, 0.3);
    }

    [Fact]
    public void Linear_scaling_stretches_every_wave() =>
        Assert.Equal(Frequency(RopeScaling.None, 5) / 2.5, Frequency(new RopeScaling(RopeScalingKind.Linear, 2.5), 5), 1e-7);

    // The angle at position 1, or at one large enough to be seen.
    private static double Frequency(RopeScaling scaling, int pair)
    {
        int position = pair > 30 ? 1000 : 1;
        ModelConfig config = new()
        {
            Architecture = "",
            HiddenSize = 128,
            Layers = 1,
            Heads = 1,
            KvHeads = 1,
            HeadDim = 128,
            Intermediate = 1,
            VocabularySize = 1,
            ContextLength = 8192,
            RopeTheta = 500_000,
            RopeScaling = scaling,
            NormEps = 1e-5f,
            Tied = true,
            DataType = DataType.Float32,
        };
        StepPlan plan = new(1, 1, 64) { Rows = 1, Segments = 1 };
        plan.SegmentRow[1] = 1;
        plan.Positions[0] = position;
        using StepLayout step = new(1, 64, 128);
        step.Set(plan);
        new Rope(config).Fill(step);
        return Math.Atan2(step.Sin[pair], step.Cos[pair]) / position;
    }
}
