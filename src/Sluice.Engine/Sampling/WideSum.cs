namespace Sluice.Engine.Sampling;

/// <summary>Sum of floats in double: four sums in a fixed order, so the same values give the same bits on every instruction set.</summary>
internal static class WideSum
{
    public static double Of(ReadOnlySpan<float> values)
    {
        double a = 0, b = 0, c = 0, d = 0;
        int i = 0;
        for (; i + 4 <= values.Length; i += 4)
        {
            a += values[i];
            b += values[i + 1];
            c += values[i + 2];
            d += values[i + 3];
        }

        for (; i < values.Length; i++)
            a += values[i];
        return a + b + (c + d);
    }
}
