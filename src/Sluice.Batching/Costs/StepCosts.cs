namespace Sluice.Batching.Costs;

/// <summary>
/// Time of a step = a + b × prefill tokens + c × decode tokens + d × KV positions read + e × jobs that came meanwhile, in seconds: least squares of the relative
/// error over the steps observed, older ones forgotten, none of the five below zero; then all stretched alike, so that the steps observed take in sum what they took. Not thread-safe.
/// </summary>
/// <remarks>
/// A step's error counts relative to what it should take, up to <see cref="MostOff"/> times that. Relative to what it took, long ones would count next to nothing, and steps
/// of a kind that is often longer (jobs come meanwhile, cores are taken away) would be taken for shorter than they are.
///
/// Recursive least squares in its information form: the normal equations are updated, never inverted, and solved by coordinate descent with each
/// coefficient held at zero or above, so no rounding can make them explode.
/// </remarks>
internal sealed class StepCosts
{
    public const int Window = 1000;
    private const double Forgetting = 0.998;
    private const int Sweeps = 40;
    private const int EnoughSteps = 64;
    private const double MostOff = 8; // times what it should take that a step counts for
    private const double MostSlowdown = 10;
    private const int Costs = 5;
    private static readonly double[] _scales = [1, 1e-3, 1e-2, 1e-6, 1e-1];
    private readonly double[] _normal = new double[Costs * Costs]; // Σ w x xᵀ, row by row
    private readonly double[] _right = new double[Costs]; // Σ w x y
    private readonly double[] _scaled = new double[Costs];
    private readonly double[] _seen = new double[Costs]; // Σ x, not weighted
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
    public double E => _stretch * _scaled[4] * _scales[4];

    /// <summary>What a step that nobody comes in becomes, of late, by those that come: 1 or more.</summary>
    public double Slowdown { get; private set; } = 1;

    public double Seconds(double prefill, double decode, double kv, double came = 0) => A + B * prefill + C * decode + D * kv + E * came;

    /// <summary>Learns from a step; one without time says nothing.</summary>
    public void Observe(int prefill, int decode, long kv, double seconds, double came = 0)
    {
        if (!(seconds > 0) || double.IsInfinity(seconds)) return;
        if (Observed > 0) _errors[Judged++ % Window] = Math.Abs(Seconds(prefill, decode, kv, came) - seconds) / seconds;
        // divided by what it should take: a step's relative error counts, not its length, and one that took longer than it should no less than one that took less
        double by = Observed < EnoughSteps ? seconds : Math.Clamp(Seconds(prefill, decode, kv, came), seconds / MostOff, seconds * MostOff);
        Span<double> x = [_scales[0] / by, prefill * _scales[1] / by, decode * _scales[2] / by, kv * _scales[3] / by, came * _scales[4] / by];
        double y = seconds / by;
        for (int i = 0; i < Costs; i++)
        {
            for (int j = 0; j < Costs; j++) _normal[i * Costs + j] = _normal[i * Costs + j] * Forgetting + x[i] * x[j];
            _right[i] = _right[i] * Forgetting + x[i] * y;
            _seen[i] = _seen[i] * Forgetting + x[i] * by;
        }
        _took = _took * Forgetting + seconds;
        Observed++;
        if (Observed < EnoughSteps || Observed % 16 == 0) Solve();
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
        return new(A, B, C, D, Observed, p50, p95) { E = E };
    }

    /// <summary>
    /// Starts from what an earlier process learned, as if a few dozen of its steps had just been seen. A coefficient of zero is left open: relative to itself it would
    /// be a certainty, which outweighs thousands of steps.
    /// </summary>
    public void Restore(CostCoefficients known)
    {
        double[] was = [known.A, known.B, known.C, known.D, known.E];
        const double weight = 32;
        for (int i = 0; i < Costs; i++)
        {
            if (!double.IsFinite(was[i]) || was[i] <= 0) continue;
            double value = was[i] / _scales[i];
            double scale = weight / Math.Max(value * value, 1e-12);
            _normal[i * (Costs + 1)] += Math.Min(scale, 1e12);
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
            for (int i = 0; i < Costs; i++)
            {
                double diagonal = _normal[i * (Costs + 1)];
                if (diagonal < 1e-18) continue;
                double rest = _right[i];
                for (int j = 0; j < Costs; j++) rest -= j == i ? 0 : _normal[i * Costs + j] * _scaled[j];
                _scaled[i] = Math.Max(0, rest / diagonal);
            }
        }
        double usual = 0;
        for (int i = 0; i < Costs; i++) usual += _scaled[i] * _seen[i];
        if (usual <= 1e-12) return;
        _stretch = _took / usual;
        double alone = usual - _scaled[Costs - 1] * _seen[Costs - 1];
        Slowdown = alone > usual / MostSlowdown ? usual / alone : MostSlowdown;
    }
}
