namespace Sluice.Engine.Speculation;

/// <summary>
/// What guessing may still lose at one batch size, in steps without guesses. Each step with guesses is booked whole, drafts included, against what its tokens
/// take without; a small share of the other steps is saved for trying. It guesses while there is something left, and once nothing is, not before there is
/// enough for another try: so no more than a step's loss is lost beyond what was won or saved, whatever was thought of it before.
/// </summary>
/// <param name="sequences">In a step, at most.</param>
internal sealed class Account(int sequences)
{
    private const double Share = 0.0075; // of the time without guesses that trying may lose
    private const double Try = 2; // there is enough for one; given to begin with
    private const double MostSaved = 3;
    private const double MostDebt = 10; // the first draft meets cold code: no reason to stay off for hours
    private const double MostReserve = 6;
    private const double Draw = 0.06; // of the reserve, in a step without guesses
    private const double Doubt = 0.97; // of what is won counts: what wins less is as good as lost
    private const int FewRows = 4;

    private readonly double _most = 5 + (2.0 / sequences); // more would let a loss go on for longer, less would not bear one sequence's bad luck
    private bool _open = true;
    private double _reserve; // of what was won and did not fit: a run of bad luck need not be waited out

    public double Balance { get; private set; } = Try;

    public bool MayGuess => Balance >= Try || (_open && Balance > 0);

    public bool MayTry => Balance >= Try;

    /// <summary>More is there than can be saved: guessing has paid here.</summary>
    public bool Won => Balance > MostSaved;

    /// <summary>Most guesses of a step, all sequences together: twice what the last held, so that a price which jumps is found out while it is small.</summary>
    public int Rows { get; private set; } = FewRows;

    public void Grow() => Rows = Math.Min(2 * Rows, 1 << 20);

    /// <summary>A step without guesses is over.</summary>
    public void Save()
    {
        double drawn = Balance < Try ? Math.Min(_reserve, Draw) : 0;
        _reserve -= drawn;
        Balance = Math.Max(Balance, Math.Min(MostSaved, Balance + Share + drawn));
    }

    /// <param name="won">Steps that the tokens would have taken.</param>
    /// <param name="paid">Steps that they took.</param>
    public void Book(double won, double paid)
    {
        double sum = Balance + (Doubt * won) - paid;
        Balance = Math.Clamp(sum, -MostDebt, _most);
        _reserve = Math.Min(MostReserve, _reserve + (Math.Max(0, sum - Balance) / 10));
        _open = Balance > 0;
        if (!_open)
            Rows = FewRows;
    }
}
