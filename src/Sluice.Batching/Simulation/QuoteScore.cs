namespace Sluice.Batching.Simulation;

/// <summary>
/// Quotes against what came, at loads up to 1; and the floor: the error of an oracle that knows how long each job waits and how fast it runs, but of its answer's
/// length only how such lengths are distributed, and names the one length that does best.
/// </summary>
internal sealed class QuoteScore(SimLimits limits)
{
    private readonly List<double> _errors = []; // relative
    private readonly List<(double Fixed, double Pace, int Output, double Took)> _runs = [];
    private int _close, _promised, _kept;

    /// <summary>Median relative error of the time to the end.</summary>
    public double MedianError => Median(_errors);

    /// <summary>Share of quotes that are wrong by at most 15 % or a second.</summary>
    public double Close => _errors.Count == 0 ? 1 : (double)_close / _errors.Count;

    public double PromiseKept => _promised == 0 ? 1 : (double)_kept / _promised;

    public void Add(SimJob job, SimRecord record, Quote quote)
    {
        if (!record.Dropped)
        {
            double took = Math.Max(record.EndedAt - job.Arrival, 1e-3), wrong = Math.Abs(SimClock.Of(quote.Eta) - record.EndedAt);
            _errors.Add(wrong / took);
            if (wrong <= Math.Max(1, 0.15 * took)) _close++;
            double ran = record.EndedAt - record.StartedAt;
            double prompt = Math.Min(ran, (job.Prompt - record.Cached) * limits.Costs.Prefill + Math.Ceiling((double)(job.Prompt - record.Cached) / limits.StepTokens) * limits.Costs.Step);
            _runs.Add((record.StartedAt - job.Arrival + prompt, (ran - prompt) / job.Output, job.Output, took));
        }
        if (!quote.WillMeetDeadline) return;
        _promised++;
        if (record.OnTime(job)) _kept++;
    }

    /// <summary>Median relative error of the oracle.</summary>
    public double Floor()
    {
        if (_runs.Count == 0) return 0;
        int[] lengths = [.. _runs.Select(run => run.Output).Order()];
        double best = double.MaxValue;
        for (int percent = 2; percent < 100; percent += 4)
        {
            int guess = lengths[lengths.Length * percent / 100];
            best = Math.Min(best, Median([.. _runs.Select(run => Math.Abs(run.Fixed + guess * run.Pace - run.Took) / run.Took)]));
        }
        return best;
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : sorted[sorted.Length / 2];
    }
}
