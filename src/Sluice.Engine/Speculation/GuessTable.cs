namespace Sluice.Engine.Speculation;

/// <summary>For shares of guesses that stand, in 32 levels: how many guesses stand with at least a floor's probability, and how many tokens so many are worth.</summary>
internal sealed class GuessTable
{
    private const int Levels = 32;

    private readonly int _floors;
    private readonly int[] _tokens; // (levels, floors)
    private readonly int _most;
    private readonly double[] _gain; // (levels, most + 1)

    public GuessTable(int mostTokens, ReadOnlySpan<double> floors)
    {
        _floors = floors.Length;
        _tokens = new int[Levels * _floors];
        _most = mostTokens;
        _gain = new double[Levels * (mostTokens + 1)];
        for (int level = 0; level < Levels; level++)
        {
            double share = (level + 0.5) / Levels;
            double chance = 1;
            for (int tokens = 1; tokens <= mostTokens; tokens++)
            {
                chance *= share;
                int gain = (level * (mostTokens + 1)) + tokens;
                _gain[gain] = _gain[gain - 1] + chance;
                for (int floor = 0; floor < _floors; floor++)
                    _tokens[(level * _floors) + floor] += chance >= floors[floor] ? 1 : 0;
            }
        }
    }

    public int Tokens(double share, int floor) => _tokens[(Level(share) * _floors) + floor];

    /// <param name="share">Of guesses that stand.</param>
    /// <param name="tokens">At most as many as the table was made for.</param>
    public double Gain(double share, int tokens) => _gain[(Level(share) * (_most + 1)) + tokens];

    private static int Level(double share) => Math.Clamp((int)(share * Levels), 0, Levels - 1);
}
