namespace Sluice.Engine.Measuring;

/// <summary>Ratios of runs that took turns: their median, and an interval that holds the true one with 95 % or more, by the order of the ratios alone.</summary>
public sealed record PairedRatio(double Median, double Low, double High)
{
    /// <param name="ratios">At least one; with fewer than 6 the interval is their range.</param>
    public static PairedRatio Of(IEnumerable<double> ratios)
    {
        double[] sorted = [.. ratios.Order()];
        int n = sorted.Length;
        int rank = 0; // the largest with P(fewer than rank + 1 of n fall below the median) <= 2.5 %
        double term = Math.Pow(0.5, n);
        for (double below = term; below <= 0.025; below += term)
        {
            rank++;
            term *= (double)(n - rank + 1) / rank;
        }

        int from = Math.Max(0, rank - 1);
        return new PairedRatio((sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[from], sorted[n - 1 - from]);
    }
}
