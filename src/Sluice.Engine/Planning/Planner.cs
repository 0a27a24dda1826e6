using Sluice.Engine.Cache;

namespace Sluice.Engine.Planning;

/// <summary>
/// Continuous batching: which rows of which sequences make the next step. Sequences start in order of hand-over, lower classes some way before higher ones; each decodes one token per step, prompts
/// are computed in chunks with what is left of the token budget, and the latest gives its pages back when an earlier one is short of them,
/// and higher classes give their room to class 0.
/// Returns data, never calls the model.
/// </summary>
/// <remarks>
/// The first running sequence can always take pages from all others, and no sequence is accepted that needs more than the whole pool: so every step has
/// rows while anything waits. Not thread-safe: the thread that owns the step owns it.
/// </remarks>
internal sealed partial class Planner
{
    private readonly PlannerLimits _limits;
    private readonly PrefixCache _cache;
    private readonly Leavers _leavers;
    private readonly Step _step;
    private readonly SequenceQueue _waiting = new();
    private readonly List<Sequence> _running; // in their order
    private long _arrivals;
    private long _lastDecoded = -1; // Order of the sequence that decoded last when not all could
    private long? _lastGroup; // of the sequence that started last
    private bool _prefillTurn;

    // Left for prompts and choices in the step that is being planned.
    private int _rows;
    private int _segments;
    private int _outputs;

    public Planner(PlannerLimits limits, PrefixCache cache)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxSequences, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxStepTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxOutputs, limits.MaxSequences);
        _limits = limits;
        _cache = cache;
        _leavers = new Leavers(cache);
        _step = new Step(limits, cache.Pool.Total);
        _running = new List<Sequence>(limits.MaxSequences);
    }

    public IReadOnlyList<Sequence> Running => _running;

    public int Waiting => _waiting.Count;

    public Sequence? FirstWaiting => _waiting.First;

    public bool Idle => _running.Count == 0 && _waiting.Count == 0;

    /// <summary>Prompt tokens of the sequences that were started.</summary>
    public long PromptTokens { get; private set; }

    /// <summary>Prompt tokens that were computed, each counted once however often its sequence gave way.</summary>
    public long ComputedTokens { get; private set; }

    public long Preemptions { get; private set; }

    /// <summary>Told of sequences that leave; null where nothing is guessed.</summary>
    public Speculator? Speculator { get; init; }

    public void Add(Sequence sequence)
    {
        sequence.Arrival = _arrivals++;
        _waiting.Add(sequence);
    }

    /// <summary>The next step; it has rows unless nothing waits or runs. Valid until the next call.</summary>
    public Step Next()
    {
        _step.Clear();
        GrowDecoding();
        StartInteractive();
        int decoding = 0;
        foreach (Sequence sequence in _running)
            decoding += sequence.Decoding ? 1 : 0;
        _rows = Math.Max(_limits.MaxStepTokens - decoding, PrefillShare());
        _segments = _limits.MaxSequences - decoding;
        _outputs = _limits.MaxOutputs - decoding;
        PlanPrompts();
        PlanDecoding(decoding);
        TakeNoteOfPlanned();
        return _step;
    }

    /// <summary>Takes note that the step was computed: its rows are in their pages, and full pages of prompts can be shared.</summary>
    public void Commit()
    {
        _planned = default;
        ReadOnlySpan<Lane> lanes = _step.Lanes;
        for (int i = 0; i < lanes.Length; i++)
        {
            Lane lane = lanes[i];
            lane.Computed += _step.Plan.SegmentRow[i + 1] - _step.Plan.SegmentRow[i] - lane.Drafted;
            if (lane.Choice >= 0)
                continue;
            Sequence sequence = lane.Owner;
            int prompt = Math.Min(lane.Computed, sequence.PromptLength);
            ComputedTokens += Math.Max(0, prompt - sequence.PromptSeen);
            sequence.PromptSeen = Math.Max(prompt, sequence.PromptSeen);
            _cache.Share(lane.Lease, lane.Tokens, prompt / PageTokens);
        }
    }

    /// <summary>Takes a sequence out, running or waiting; its pages are free when this returns.</summary>
    /// <param name="sequence">Added before.</param>
    /// <param name="keep">What it computed may be shared by later ones; false after a fault.</param>
    public void Retire(Sequence sequence, bool keep)
    {
        if (!sequence.Running)
        {
            _waiting.Remove(sequence);
            return;
        }

        _running.Remove(sequence);
        sequence.Running = false;
        GiveBack(sequence, keep);
    }

    /// <summary>Takes a sequence out and leaves its pages as they are: for an engine that is past use.</summary>
    public void Forget(Sequence sequence)
    {
        if (sequence.Running)
            _running.Remove(sequence);
        else
            _waiting.Remove(sequence);
        sequence.Running = false;
    }

    /// <summary>Takes a choice out of its sequence once it is summed up.</summary>
    public void RetireChoice(Lane choice)
    {
        choice.Owner.Choices.Remove(choice);
        _cache.Release(choice.Lease);
    }

    // Rows that prompts get even where decoding alone would fill the step: an eighth; of a step of one row, every other one.
    private int PrefillShare()
    {
        _prefillTurn = !_prefillTurn;
        int most = _limits.MaxStepTokens;
        return most == 1 ? (_prefillTurn ? 1 : 0) : Math.Max(1, most / 8);
    }

    private void PlanDecoding(int decoding)
    {
        int room = _limits.MaxStepTokens - _step.Plan.Rows;
        int spare = Math.Min(room - decoding, _outputs); // for guesses: what nobody else needs
        int start = 0;
        while (start < _running.Count && _running[start].Order <= _lastDecoded)
            start++;
        for (int i = 0; i < _running.Count && room > 0; i++)
        {
            Sequence sequence = _running[(start + i) % _running.Count];
            // One that was just started and got no row as a prompt: no segment and no output were kept for it.
            if (!sequence.Decoding || sequence.LastStep == _step.Number || sequence.AdmittedIn == _step.Number)
                continue;
            int drafted = TakeGuesses(sequence, spare);
            Plan(sequence.Trunk, 1 + drafted);
            _lastDecoded = sequence.Order;
            room -= 1 + drafted;
            spare -= drafted;
        }
    }

    private void Plan(Lane lane, int rows)
    {
        _step.Add(lane, rows);
        Sequence sequence = lane.Owner;
        if (sequence.LastStep == _step.Number)
            return;
        sequence.LastStep = _step.Number;
        sequence.Steps++;
    }
}
