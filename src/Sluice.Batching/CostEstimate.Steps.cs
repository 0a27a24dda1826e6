using Sluice.Batching.Costs;

namespace Sluice.Batching;

/// <summary>What steps teach: the time that tokens take, the pace of late, and how much work the engine gets done.</summary>
public sealed partial class CostEstimate
{
    private const int EnoughSteps = 32;
    private const int MostWorkloads = 4096;
    private const double PaceWeight = 0.02, LongPaceWeight = 0.001;
    private const double Fade = 0.9995; // of work and time per saturated step
    private readonly StepCosts _steps = new();
    private double _pace; // seconds of a step that decodes, of late
    private double _longPace; // the same, of a thousand steps
    private double _decodeRows = 1; // of a step that decodes, of late
    private long _decoded; // steps that decoded
    private int _mostRows = 1;
    private bool _saturated;
    private double _sequences = 64, _kvTokens = 1e5; // what the engine can hold
    private double _roomShort = 0.5; // how often steps are not filled for want of sequences or pages
    private double _workDone, _busy;

    private bool Paced => _steps.Observed >= EnoughSteps && _pace > 0;

    /// <summary>Seconds of engine work that a second of a full engine gets done, as <see cref="Work"/> counts; 1 until known.</summary>
    public double Efficiency
    {
        get { lock (_lock) return _busy < 5 || _workDone <= 0 ? 1 : Math.Clamp(_workDone / _busy, 0.2, 2); }
    }

    /// <summary>Tells of a step. Steps without time say nothing.</summary>
    /// <param name="prefill">Rows of prompts.</param>
    /// <param name="decode">Rows that follow a generated token.</param>
    /// <param name="kv">Positions attended to, summed over rows.</param>
    /// <param name="took">Its time.</param>
    /// <param name="came">Jobs that came while it ran.</param>
    public void ObserveStep(int prefill, int decode, long kv, TimeSpan took, double came = 0)
    {
        double seconds = took.TotalSeconds;
        if (seconds <= 0 || prefill + decode == 0) return;
        lock (_lock)
        {
            _steps.Observe(prefill, decode, kv, seconds, came);
            _mostRows = Math.Max(_mostRows, prefill + decode);
            if (decode > 0)
            {
                _decoded++;
                _pace = _pace == 0 ? seconds : _pace + PaceWeight * (seconds - _pace);
                _longPace += Math.Max(LongPaceWeight, 1.0 / _decoded) * (seconds - _longPace);
                _decodeRows += PaceWeight * (decode - _decodeRows);
            }
            if (!_saturated) return;
            _roomShort += PaceWeight / 4 * ((prefill + decode < 0.9 * _mostRows ? 0.9 : 0.1) - _roomShort);
            _workDone *= Fade;
            _busy = _busy * Fade + seconds;
        }
    }

    /// <summary>What the steps have taught so far.</summary>
    public CostCoefficients Coefficients()
    {
        lock (_lock) return _steps.Coefficients();
    }

    /// <summary>The engine's share of a job, in seconds of a step's time: what it adds to steps that are shared. <paramref name="cachedTokens"/> of its prompt need no computing.</summary>
    public double Work(WaitingJob job, int cachedTokens)
    {
        lock (_lock) return WorkOf(job.PromptTokens - cachedTokens, job.PromptTokens, NewTokens(job, Middle));
    }

    /// <summary>Says whether jobs wait that the engine has no room for (only then does what gets done tell what it can do), and what it can hold.</summary>
    internal void Saturated(bool saturated, EngineRoom room)
    {
        lock (_lock)
        {
            _saturated = saturated;
            _sequences = Math.Max(1, room.MaxSequences);
            _kvTokens = Math.Max(1.0, (double)room.TotalPages * room.PageTokens);
        }
    }

    /// <summary>Answers are as long as <see cref="WaitingJob.MaxNewTokens"/> says: a simulation with hindsight.</summary>
    internal bool LengthsAreKnown { get; set; }

    /// <summary>
    /// How long a job runs: its prompt's time and that of an answer of middling length, at a pace that will be rather that of the last thousand steps than that of now.
    /// The largest guess before anything is known.
    /// </summary>
    internal TimeSpan Middling(WaitingJob job)
    {
        lock (_lock)
        {
            double prompt = PromptSeconds(job, 0);
            return TimeSpan.FromSeconds(prompt + NewTokens(job, Middle) * (Paced ? _longPace : _perNew));
        }
    }

    /// <summary>How probable it is that the job, begun now, ends in time; 1 while too little is known to say.</summary>
    internal double Chance(WaitingJob job, double secondsLeft)
    {
        lock (_lock)
        {
            if (_seen < EnoughObservations) return 1;
            double prompt = PromptSeconds(job, 0);
            double tokens = (secondsLeft - prompt) / PerNew;
            if (LengthsAreKnown) return tokens >= job.MaxNewTokens ? 1 : 0;
            return _lengths.TryGetValue(job.Workload, out OutputLengths? lengths) ? lengths.ShareUpTo(tokens) : 1;
        }
    }

    /// <summary>Work done counts beside the time of steps: where none are told of (a stub), it would grow for ever beside nothing.</summary>
    private void Done(WaitingJob job, int cached, int output)
    {
        if (_saturated && _steps.Observed > 0) _workDone += WorkOf(job.PromptTokens - cached, job.PromptTokens, output);
    }

    private double WorkOf(int computed, int prompt, int output)
    {
        if (!Paced) return computed * _perPrompt + output * _perNew / 8;
        // a step's own time is paid by whatever there is too little of: rows of the step, or room for sequences to decode in
        double first = prompt - computed;
        double rows = (computed + output) / (double)Math.Max(_mostRows, 1);
        double room = output * Math.Max(1.0 / _sequences, (prompt + output) / _kvTokens);
        return _steps.Slowdown * (computed * _steps.B + _steps.D * ((double)prompt * prompt - first * first) / 2
            + output * (_steps.C + _steps.D * (prompt + output / 2.0))
            + _steps.A * (_roomShort * room + (1 - _roomShort) * rows));
    }

    private double PromptSeconds(WaitingJob job, int cached) => Paced ? PromptSeconds(job.PromptTokens, cached) : (job.PromptTokens - cached) * _perPrompt;

    private double PromptSeconds(int prompt, int cached = 0) =>
        _steps.Slowdown * ((prompt - cached) * _steps.B + _steps.D * ((double)prompt * prompt - (double)cached * cached) / 2
            + Math.Ceiling((double)(prompt - cached) / _mostRows) * (_steps.A + _steps.C * _decodeRows));
}
