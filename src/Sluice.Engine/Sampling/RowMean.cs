namespace Sluice.Engine.Sampling;

/// <summary>Mean of rows, added in double one after another in order of position, so that the chunks in which they come change nothing to the bit.</summary>
internal sealed class RowMean(int width)
{
    private readonly double[] _sum = new double[width]; // (width)

    public int Rows { get; private set; }

    /// <param name="row">(width)</param>
    public void Add(ReadOnlySpan<float> row)
    {
        for (int i = 0; i < _sum.Length; i++)
            _sum[i] += row[i];
        Rows++;
    }

    public void Clear()
    {
        Array.Clear(_sum);
        Rows = 0;
    }

    /// <summary>(width), L2 norm 1. Throws <see cref="InvalidOperationException"/> when the mean has no direction (zero or not finite).</summary>
    public float[] Unit()
    {
        double squares = 0;
        foreach (double value in _sum)
            squares += value * value;
        double norm = Math.Sqrt(squares); // of the sum: the count divides out
        if (!double.IsFinite(norm) || norm == 0)
            throw new InvalidOperationException($"The mean of {Rows} hidden states has no direction (norm {norm}).");
        float[] unit = new float[_sum.Length];
        for (int i = 0; i < unit.Length; i++)
            unit[i] = (float)(_sum[i] / norm);
        return unit;
    }
}
