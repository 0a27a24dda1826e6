using Sluice.Batching.Costs;

namespace Sluice.Batching;

/// <summary>
/// Predicts what a job costs: how long it runs, and how much of the engine it takes. Learns from steps (their cost model), from finished sequences (rates, and
/// the lengths of answers per workload class). May be called from any thread.
/// </summary>
/// <remarks>
/// A job's time is its prompt's time + new tokens × seconds per new token. Once steps have been seen, both come from the step costs and the pace of late steps;
/// before that from rates learned from whole sequences.
/// </remarks>
public sealed partial class CostEstimate
{
    /// <summary>Observations before <see cref="PredictedTime.Expected"/> is trusted.</summary>
    public const int EnoughObservations = 8;

    private const double Weight = 0.1;
    private const double Shortest = 0.05, Middle = 0.5, Longest = 0.9;
    private readonly Lock _lock = new();
    private readonly Dictionary<long, OutputLengths> _lengths = [];
    private double _perPrompt = 0.002; // seconds; slow on purpose until something is known
    private double _perNew = 0.1;
    private double _error = 1; // mean relative error of the predictions
    private long _seen;

    /// <summary>Seconds per prompt token.</summary>
    public double SecondsPerPromptToken
    {
        get { lock (_lock) return Paced ? PromptSeconds(1000) / 1000 : _perPrompt; }
    }

    /// <summary>Seconds per generated token of one sequence.</summary>
    public double SecondsPerNewToken
    {
        get { lock (_lock) return PerNew; }
    }

    /// <summary>Mean relative error of recent predictions, 0 or more; 1 before the first.</summary>
    public double RelativeError
    {
        get { lock (_lock) return _error; }
    }

    public long Observations
    {
        get { lock (_lock) return _seen; }
    }

    private double PerNew => Paced ? _pace : _perNew;

    /// <summary>
    /// Tells how long something really took: a finished sequence (prompt tokens computed, tokens generated, its running time), or a step (rows prefilled,
    /// 1 if it also decoded, its time). Without tokens or without time it says nothing and is passed over.
    /// </summary>
    public void Observe(int promptTokens, int newTokens, TimeSpan took)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(promptTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(newTokens);
        double seconds = took.TotalSeconds;
        if (promptTokens + newTokens == 0 || seconds <= 0) return;
        lock (_lock)
        {
            double prompt = promptTokens * _perPrompt;
            double guess = prompt + newTokens * _perNew;
            double ratio = seconds / guess;
            // the first observations replace the guess, later ones nudge it; a rate moves as far as its tokens shared in the guess
            double weight = Math.Max(Weight, 1.0 / (_seen + 1));
            double share = prompt / guess;
            _perPrompt *= Math.Max(1 + weight * share * (ratio - 1), 1e-3);
            _perNew *= Math.Max(1 + weight * (1 - share) * (ratio - 1), 1e-3);
            double judged = Paced ? seconds / (PromptSeconds(promptTokens) + newTokens * _pace) : ratio;
            if (_seen > 0) _error += Weight * (Math.Min(Math.Abs(judged - 1), 10) - _error);
            _seen++;
        }
    }

    /// <summary>Tells of a finished job: how long its answer was, and what it took.</summary>
    public void Ended(WaitingJob job, int cachedTokens, int newTokens, TimeSpan ran)
    {
        Observe(Math.Max(0, job.PromptTokens - cachedTokens), newTokens, ran);
        lock (_lock)
        {
            if (LengthsAreKnown)
            {
                Done(job, cachedTokens, newTokens);
                return;
            }
            if (!_lengths.TryGetValue(job.Workload, out OutputLengths? lengths))
            {
                if (_lengths.Count >= MostWorkloads) ForgetRarest();
                _lengths.Add(job.Workload, lengths = new());
            }
            lengths.Observe(newTokens);
            if (job.MaxNewTokens > 0) _answerShare += ShareWeight * (Math.Min(1, newTokens / (double)job.MaxNewTokens) - _answerShare);
            Done(job, cachedTokens, newTokens);
        }
    }

    /// <param name="job">What is to run.</param>
    /// <param name="cached">Tokens of its prompt that need no computing.</param>
    public PredictedTime Predict(WaitingJob job, int cached = 0)
    {
        lock (_lock)
        {
            bool known = _seen >= EnoughObservations;
            double margin = Math.Clamp(2 * _error, 0.1, 1);
            double prompt = PromptSeconds(job, cached);
            double expected = prompt + NewTokens(job, Shortest) * PerNew;
            double safe = (prompt + NewTokens(job, Longest) * PerNew) * (1 + margin);
            return new(known ? TimeSpan.FromSeconds(expected) : TimeSpan.Zero, TimeSpan.FromSeconds(safe));
        }
    }

    /// <summary>Tokens that nine of ten jobs of its class stay under; null before enough have ended.</summary>
    public int? LikelyNewTokens(WaitingJob job)
    {
        lock (_lock) return _lengths.TryGetValue(job.Workload, out OutputLengths? lengths) && lengths.Known ? lengths.Quantile(Longest, job.MaxNewTokens) : null;
    }

    /// <summary>The shortest answer to count on, in tokens: what <see cref="PredictedTime.Expected"/> is reckoned with.</summary>
    public int LeastNewTokens(WaitingJob job)
    {
        lock (_lock) return NewTokens(job, Shortest);
    }

    /// <summary>Seconds per token of this job's prompt that is computed: longer prompts attend to more.</summary>
    internal double PromptTokenSeconds(WaitingJob job, int cached = 0)
    {
        lock (_lock) return Paced && job.PromptTokens > cached ? PromptSeconds(job.PromptTokens, cached) / (job.PromptTokens - cached) : _perPrompt;
    }

    /// <summary>Makes room: of half of the kinds, those that ended least often, the lengths go.</summary>
    private void ForgetRarest()
    {
        foreach (long rare in _lengths.OrderBy(kind => kind.Value.Seen).Take(MostWorkloads / 2).Select(kind => kind.Key).ToArray()) _lengths.Remove(rare);
    }

    private int NewTokens(WaitingJob job, double quantile) =>
        _lengths.TryGetValue(job.Workload, out OutputLengths? lengths) ? lengths.Quantile(quantile, job.MaxNewTokens) : job.MaxNewTokens;
}
