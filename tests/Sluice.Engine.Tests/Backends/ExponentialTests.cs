using Sluice.Engine.Backends.Cpu;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

public sealed unsafe class ExponentialTests
{
    [Fact]
    public void Both_are_as_near_as_they_say_from_minus_87_to_88()
    {
        if (!Isa.Avx2)
            Assert.Skip("There is a vector form only.");
        double worst = 0, worstRough = 0;
        float* lanes = stackalloc float[16], exact = stackalloc float[16], rough = stackalloc float[16];
        for (float from = -87; from < 88; from += 16 * 0.0013f)
        {
            for (int i = 0; i < 16; i++)
                lanes[i] = Math.Min(from + (i * 0.0013f), 88);
            Lanes256 x = Lanes256.Load(lanes);
            Exponential.Of(x).Store(exact);
            Exponential.Rough(x).Store(rough);
            for (int i = 0; i < 16; i++)
            {
                worst = Math.Max(worst, Math.Abs((exact[i] / Math.Exp(lanes[i])) - 1));
                worstRough = Math.Max(worstRough, Math.Abs((rough[i] / Math.Exp(lanes[i])) - 1));
            }
        }

        Assert.InRange(worst, 0, 2.4e-7);
        Assert.InRange(worstRough, 0, 1e-5);
    }

    [Fact]
    public void Of_nothing_both_are_one()
    {
        if (!Isa.Avx2)
            Assert.Skip("There is a vector form only.");
        float* result = stackalloc float[16];
        Exponential.Of(Lanes256.Splat(0)).Store(result);
        Assert.Equal(1, result[0]);
        Exponential.Rough(Lanes256.Splat(0)).Store(result);
        Assert.Equal(1, result[15]);
    }
}
