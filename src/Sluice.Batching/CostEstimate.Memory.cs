using Sluice.Batching.Costs;

namespace Sluice.Batching;

/// <summary>What outlives the process.</summary>
public sealed partial class CostEstimate
{
    private const int MostKept = 512;
    private const double ShareWeight = 0.02;
    private const double RestoredSeconds = 30; // of saturated running that an earlier process's efficiency counts for
    private const int RestoredSteps = 100; // that an earlier process's pace counts for
    private double _answerShare = 1; // of the tokens that an answer might have had

    /// <summary>New tokens as a share of those that a job might have had, over all jobs of late; 1 before the first.</summary>
    public double AnswerShare
    {
        get { lock (_lock) return _answerShare; }
    }

    /// <summary>Enough is known for <see cref="Predict"/> to be more than a guess.</summary>
    public bool Knows => Observations >= EnoughObservations;

    /// <summary>All that has been learned, to be kept.</summary>
    public LearnedCosts Learned()
    {
        double efficiency = Efficiency;
        lock (_lock)
        {
            return new()
            {
                Steps = _steps.Coefficients(),
                Jobs = _seen,
                Error = _error,
                PerPromptToken = _perPrompt,
                PerNewToken = _perNew,
                Pace = _pace,
                LongPace = _longPace,
                DecodeRows = _decodeRows,
                MostRows = _mostRows,
                Sequences = _sequences,
                KvTokens = _kvTokens,
                RoomShort = _roomShort,
                Efficiency = efficiency,
                AnswerShare = _answerShare,
                Lengths = [.. _lengths.Where(one => one.Value.Known).OrderByDescending(one => one.Value.Seen).ThenBy(one => one.Key).Take(MostKept)
                    .Select(one => new LearnedLengths(one.Key, one.Value.Seen, one.Value.Digest()))],
            };
        }
    }

    /// <summary>Starts from what an earlier process learned of the same model and backend; what is observed from now on soon outweighs it. Numbers that make no sense are left out.</summary>
    public void Restore(LearnedCosts known)
    {
        ArgumentNullException.ThrowIfNull(known);
        lock (_lock)
        {
            _steps.Restore(known.Steps);
            _seen = Math.Max(_seen, Math.Min(known.Jobs, EnoughObservations));
            Take(ref _error, known.Error, 0, 10);
            Take(ref _perPrompt, known.PerPromptToken, 1e-12, 1e3);
            Take(ref _perNew, known.PerNewToken, 1e-12, 1e3);
            Take(ref _pace, known.Pace, 0, 1e3);
            Take(ref _longPace, known.LongPace, 0, 1e3);
            if (_longPace == 0) _longPace = _pace;
            if (_longPace > 0) _decoded = Math.Max(_decoded, RestoredSteps);
            Take(ref _decodeRows, known.DecodeRows, 0, 1e6);
            Take(ref _sequences, known.Sequences, 1, 1e6);
            Take(ref _kvTokens, known.KvTokens, 1, 1e12);
            Take(ref _roomShort, known.RoomShort, 0, 1);
            Take(ref _answerShare, known.AnswerShare, 0, 1);
            _mostRows = Math.Max(_mostRows, Math.Min(known.MostRows, 1_000_000));
            if (known.Efficiency is >= 0.01 and <= 100) (_workDone, _busy) = (known.Efficiency * RestoredSeconds, RestoredSeconds);
            foreach (LearnedLengths lengths in known.Lengths.Take(MostKept))
            {
                OutputLengths restored = new();
                restored.Restore(lengths.Tokens, lengths.Jobs);
                if (restored.Known) _lengths.TryAdd(lengths.Workload, restored);
            }
        }

        static void Take(ref double field, double value, double low, double high) => field = value >= low && value <= high ? value : field;
    }
}
