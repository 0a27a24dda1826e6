using Sluice.Engine.Sampling;
using Sluice.Engine.Speculation;

namespace Sluice.Engine.Tests.Speculation;

/// <summary>What a controller decides about, with prices that are known: a step takes 1 without guesses, guessed rows and drafts add to it, guesses stand by chance.</summary>
internal sealed class ControllerWorld : IDrafter
{
    private readonly SpeculationController _controller;
    private readonly int _sequences;
    private readonly int _most;
    private readonly Dictionary<Draft, long> _guesses = [];
    private double _time; // with guesses
    private double _without; // that the same tokens take without, at the speed of the moment
    private int _step;

    public ControllerWorld(int sequences, double row, double draft, int most = 8)
    {
        (_sequences, _most) = (sequences, most);
        RowPrice = _ => row;
        DraftPrice = draft;
        _controller = new SpeculationController(sequences, most);
    }

    /// <summary>Of a step: what each guessed row adds where there are so many.</summary>
    public Func<int, double> RowPrice { get; set; }

    /// <summary>Of a step: each guess in depth.</summary>
    public double DraftPrice { get; set; }

    /// <summary>Guesses of a step stand all or none.</summary>
    public bool Together { get; init; }

    public int Capacity { get; set; } = 1 << 20;

    public int Room { get; set; } = 64;

    public int Behind { get; init; } = 1;

    public Func<int, ulong> Workload { get; init; } = _ => 0;

    /// <summary>How slow the machine is, by the number of the step.</summary>
    public Func<int, double> Noise { get; init; } = _ => 1;

    public Draft[] Drafts { get; private set; } = [];

    public long Guesses { get; private set; }

    public double Speedup => _without / _time;

    public long GuessesOf(Draft draft) => _guesses.GetValueOrDefault(draft);

    public void Reset(bool freshSequences = false)
    {
        (_time, _without) = (0, 0);
        if (freshSequences)
            Drafts = [];
    }

    /// <param name="steps">How many.</param>
    /// <param name="right">By the number of the sequence: how many of its guesses stand.</param>
    public void Run(int steps, Func<int, double> right)
    {
        if (Drafts.Length == 0)
            Drafts = [.. Enumerable.Range(0, _sequences).Select(New)];
        for (int step = 0; step < steps; step++)
            Step(right);
    }

    /// <summary>The speedup of so many guesses of each sequence in every step, with the luck that <see cref="Run"/> has.</summary>
    public double Fixed(int guesses, int from, int to, Func<int, double> right)
    {
        int rows = guesses * _sequences;
        int steps = to - from + 1;
        double tokens = Enumerable.Range(from, steps).Sum(step => Enumerable.Range(0, _sequences).Sum(i => 1 + Stood(i, step, guesses, right)));
        return tokens / _sequences / (steps * (1 + (rows * RowPrice(rows)) + (guesses * DraftPrice)));
    }

    int IDrafter.Behind(Draft draft) => Behind;

    int IDrafter.Guess(ReadOnlySpan<Draft> drafts) => 0;

    void IDrafter.Settle(Draft draft, int accepted)
    {
    }

    void IDrafter.Release(Draft draft)
    {
    }

    public void Dispose()
    {
    }

    private Draft New(int i)
    {
        EngineRequest request = new() { Scope = new CacheScope(0, Workload(i)), Kind = SequenceKind.Generate, Prompt = new int[10] };
        return new Draft(request, i, Capacity, _most) { Length = 11 };
    }

    private void Step(Func<int, double> right)
    {
        double speed = 1e6 * Noise(_step++);
        foreach (Draft draft in Drafts)
            draft.Wanted = 0;
        _controller.Choose(Drafts, this, Room);
        int rows = Drafts.Sum(d => d.Wanted);
        int depth = Drafts.Max(d => d.Wanted);
        double drafting = depth * DraftPrice * speed;
        foreach (Draft draft in Drafts)
            draft.Count = draft.Wanted;
        if (depth > 0)
            _controller.ObserveDraft(Drafts, 0, drafting);
        double step = (1 + (rows * RowPrice(rows))) * speed;
        int tokens = 0;
        for (int i = 0; i < Drafts.Length; i++)
        {
            Draft draft = Drafts[i];
            int accepted = Stood(i, _step, draft.Wanted, right);
            if (draft.Wanted > 0)
                _controller.Learn(draft, accepted, Math.Min(draft.Wanted, accepted + 1));
            draft.Length += accepted + 1;
            tokens += accepted + 1;
            _guesses[draft] = _guesses.GetValueOrDefault(draft) + draft.Wanted;
        }

        Guesses += rows;
        _controller.Observe(Drafts.Length, rows, pure: true, step);
        _time += step + drafting;
        _without += speed * tokens / Drafts.Length;
    }

    private int Stood(int sequence, int step, int guesses, Func<int, double> right)
    {
        int stood = 0;
        while (stood < guesses && CounterRandom.Uniform(sequence, (step * 16L) + (Together ? 0 : stood)) < right(sequence))
            stood++;
        return stood;
    }
}
