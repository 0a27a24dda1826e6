namespace Sluice.Engine.Speculation;

/// <summary>
/// What is known of requests that are alike (<see cref="Draft.Workload"/>): how many guesses stand, how long they come to be. A table of fixed size: two workloads may share an entry, which makes its figures worse, no more.
/// </summary>
internal sealed class Workloads
{
    private const int Entries = 256;
    private const double FirstShare = 0.7;
    private const double FirstWeight = 4;

    private Acceptance _all; // what a workload that was never seen begins with
    private readonly Acceptance[] _acceptance = new Acceptance[Entries];
    private readonly double[] _length = new double[Entries]; // generated tokens; 0 where none has ended

    /// <summary>Of guesses that stand.</summary>
    public double Share(Draft draft) => _acceptance[Entry(draft)].Mean(_all.Mean(FirstShare, FirstWeight), FirstWeight);

    /// <summary>That it will probably still come to.</summary>
    public double TokensLeft(Draft draft)
    {
        double length = _length[Entry(draft)];
        double left = length == 0 ? draft.TokensLeft : length - (draft.Length - draft.PromptLength);
        return Math.Min(draft.TokensLeft, Math.Max(left, 4));
    }

    public void Learn(Draft draft, int hits, int tries)
    {
        ref Acceptance entry = ref _acceptance[Entry(draft)];
        entry = entry.Add(hits, tries, keep: 0.99);
        _all = _all.Add(hits, tries, keep: 0.99);
    }

    public void Ended(Draft draft)
    {
        ref double length = ref _length[Entry(draft)];
        int generated = draft.Length - draft.PromptLength;
        length = length == 0 ? generated : length + (0.1 * (generated - length));
    }

    private static int Entry(Draft draft) => (int)((uint)draft.Workload % Entries);
}
