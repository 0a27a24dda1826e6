namespace Sluice.Engine.Sampling;

/// <summary>A distribution over a few ids: what a guess was drawn from.</summary>
internal sealed class TokenChances
{
    /// <summary>Most ids.</summary>
    public const int Most = 32;

    private readonly int[] _ids = new int[Most]; // (Count)
    private readonly double[] _shares = new double[Most]; // (Count): they sum to 1

    public int Count { get; private set; }

    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    public ReadOnlySpan<double> Shares => _shares.AsSpan(0, Count);

    /// <param name="ids">At most <see cref="Most"/>.</param>
    /// <param name="weights">(vocabulary)</param>
    /// <param name="total">Of the ids' weights.</param>
    public void Set(ReadOnlySpan<int> ids, ReadOnlySpan<float> weights, double total)
    {
        Count = ids.Length;
        ids.CopyTo(_ids);
        for (int i = 0; i < ids.Length; i++)
            _shares[i] = weights[ids[i]] / total;
    }

    /// <summary>0 for an id that is not in it.</summary>
    public double Of(int id)
    {
        int at = Ids.IndexOf(id);
        return at < 0 ? 0 : _shares[at];
    }
}
