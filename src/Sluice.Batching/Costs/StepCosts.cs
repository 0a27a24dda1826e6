namespace Sluice.Batching.Costs;

/// <summary>
/// Time of a step = a + b × prefill tokens + c × decode tokens + d × KV positions read, in seconds: least squares of the relative error over the steps
/// observed, older ones forgotten, none of the four below zero; then all four stretched alike, so that the steps observed take in sum what they took. Not thread-safe.
/// </summary>
/// <remarks>
/// Relative errors say what a usual step costs: one that took three times as long, because its cores were taken from it, counts little. But whoever waits, waits
/// for such steps too.
///
/// Recursive least squares in its information form: the normal equations are updated, never inverted, and solved by coordinate descent with each
/// coefficient held at zero or above, so no rounding can make them explode.
/// </remarks>
internal sealed class StepCosts
{
    public const int Window = 1000;
    private const double Forgetting = 0.998;
    private const int Sweeps = 40;
    private static readonly double[] _scales = [1, 1e-3, 1e-2, 1e-6];
    private readonly double[] _normal = new double[16]; // Σ w x xᵀ, row by row
    private readonly double[] _right = new double[4]; // Σ w x y
    private readonly double[] _scaled = new double[4];
    private readonly double[] _seen = new double[4]; // Σ x, not weighted
    private double _took; // Σ y
    private double _stretch = 1;
    private readonly double[] _errors = new double[Window];
    private (double P50, double P95) _before = (1, 1); // errors of an earlier process

    /// <summary>Steps observed, those before a restart included.</summary>
    public long Observed { get; private set; }

    /// <summary>Steps whose error is known.</summary>
    public long Judged { get; private set; }

    public double A => _stretch * _scaled[0] * _scales[0];
    public double B => _stretch * _scaled[1] * _scales[1];
    public double C => _stretch * _scaled[2] * _scales[2];
    public double D => _stretch * _scaled[3] * _scales[3];

    public double Seconds(double prefill, double decode, double kv) => A + B * prefill + C * decode + D * kv;

    /// <summary>Learns from a step; one without time says nothing.</summary>
    public void Observe(int prefill, int decode, long kv, double seconds)
    {
        if (!(seconds > 0) || double.IsInfinity(seconds)) return;
        if (Observed > 0) _errors[Judged++ % Window] = Math.Abs(Seconds(prefill, decode, kv) - seconds) / seconds;
        // divided by what it took: a step's relative error counts, not its length
        Span<double> x = [_scales[0] / seconds, prefill * _scales[1] / seconds, decode * _scales[2] / seconds, kv * _scales[3] / seconds];
        for (int i = 0; i < 4; i++)
        {
            for (int j = 0; j < 4; j++) _normal[i * 4 + j] = _normal[i * 4 + j] * Forgetting + x[i] * x[j];
            _right[i] = _right[i] * Forgetting + x[i];
            _seen[i] = _seen[i] * Forgetting + x[i] * seconds;
        }
        _took = _took * Forgetting + seconds;
        Observed++;
        if (Observed < 64 || Observed % 16 == 0) Solve();
    }

    /// <summary>Relative errors of the last <see cref="Window"/> steps, each predicted before it was learned from; before the first those of an earlier process, or 1.</summary>
    public (double P50, double P95) Errors()
    {
        int count = (int)Math.Min(Judged, Window);
        if (count == 0) return _before;
        double[] sorted = _errors[..count];
        Array.Sort(sorted);
        return (sorted[count / 2], sorted[Math.Min(count - 1, count * 95 / 100)]);
    }

    public CostCoefficients Coefficients()
    {
        (double p50, double p95) = Errors();
        return new(A, B, C, D, Observed, p50, p95);
    }

    /// <summary>
    /// Starts from what an earlier process learned, as if a few dozen of its steps had just been seen. A coefficient of zero is left open: relative to itself it would
    /// be a certainty, which outweighs thousands of steps.
    /// </summary>
    public void Restore(CostCoefficients known)
    {
        double[] was = [known.A, known.B, known.C, known.D];
        const double weight = 32;
        for (int i = 0; i < 4; i++)
        {
            if (!double.IsFinite(was[i]) || was[i] <= 0) continue;
            double value = was[i] / _scales[i];
            double scale = weight / Math.Max(value * value, 1e-12);
            _normal[i * 4 + i] += Math.Min(scale, 1e12);
            _right[i] += Math.Min(scale, 1e12) * value;
        }
        Observed = Math.Max(Observed, known.Observed);
        if (known.ErrorP50 is >= 0 and <= 1e6 && known.ErrorP95 is >= 0 and <= 1e6) _before = (known.ErrorP50, known.ErrorP95);
        Solve();
    }

    private void Solve()
    {
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            for (int i = 0; i < 4; i++)
            {
                double diagonal = _normal[i * 5];
                if (diagonal < 1e-18) continue;
                double rest = _right[i];
                for (int j = 0; j < 4; j++) rest -= j == i ? 0 : _normal[i * 4 + j] * _scaled[j];
                _scaled[i] = Math.Max(0, rest / diagonal);
            }
        }
        double usual = 0;
        for (int i = 0; i < 4; i++) usual += _scaled[i] * _seen[i];
        if (usual > 1e-12) _stretch = _took / usual;
    }
}
