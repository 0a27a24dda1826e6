namespace Sluice.Batching;

/// <summary>How long a job takes once it runs.</summary>
/// <param name="Expected">Best guess; zero until enough has been observed, so that nothing is given up on a guess.</param>
/// <param name="Safe">With a margin as wide as the guesses were wrong; at least <paramref name="Expected"/>.</param>
public readonly record struct PredictedTime(TimeSpan Expected, TimeSpan Safe);

/// <summary>
/// Predicts a job's running time as prompt tokens × seconds per prompt token + new tokens × seconds per new token, both rates learned from what was
/// observed (exponential averages). May be called from any thread.
/// </summary>
public sealed class CostEstimate
{
    /// <summary>Observations before <see cref="PredictedTime.Expected"/> is trusted.</summary>
    public const int EnoughObservations = 8;

    private const double Weight = 0.1;
    private readonly Lock _lock = new();
    private double _perPrompt = 0.002; // seconds; slow on purpose until something is known
    private double _perNew = 0.1;
    private double _error = 1; // mean relative error of the predictions
    private long _seen;

    /// <summary>Seconds per prompt token.</summary>
    public double SecondsPerPromptToken
    {
        get { lock (_lock) return _perPrompt; }
    }

    /// <summary>Seconds per generated token of one sequence.</summary>
    public double SecondsPerNewToken
    {
        get { lock (_lock) return _perNew; }
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
            if (_seen > 0) _error += Weight * (Math.Min(Math.Abs(ratio - 1), 10) - _error);
            _seen++;
        }
    }

    public PredictedTime Predict(WaitingJob job)
    {
        lock (_lock)
        {
            double seconds = job.PromptTokens * _perPrompt + job.MaxNewTokens * _perNew;
            bool known = _seen >= EnoughObservations;
            double margin = Math.Clamp(2 * _error, 0.1, 1);
            return new(known ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero, TimeSpan.FromSeconds(seconds * (1 + margin)));
        }
    }
}
