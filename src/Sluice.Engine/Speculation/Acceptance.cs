namespace Sluice.Engine.Speculation;

/// <summary>Guesses that stood, of those that were looked at: the first that falls ends the looking. Older ones count less.</summary>
internal readonly record struct Acceptance(double Hits, double Tries)
{
    /// <param name="hits">That stood.</param>
    /// <param name="tries">That were looked at.</param>
    /// <param name="keep">Of the weight of all before, 0 to 1.</param>
    public Acceptance Add(int hits, int tries, double keep) => new((Hits * keep) + hits, (Tries * keep) + tries);

    /// <summary>Share that stands, with what was thought before counting as <paramref name="weight"/> tries.</summary>
    public double Mean(double prior, double weight) => (Hits + (prior * weight)) / (Tries + weight);
}
