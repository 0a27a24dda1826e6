namespace Sluice.Engine.Speculation;

/// <summary>For shares of guesses that stand, in 32 levels: how many guesses stand with at least a floor's probability, and how many tokens they are worth.</summary>
internal sealed class GuessTable
{
    private const int Levels = 32;

    private readonly int _floors;
    private readonly int[] _tokens; // (levels, floors)
    private readonly double[] _gain; // (levels, floors)

    public GuessTable(int mostTokens, ReadOnlySpan<double> floors)
    {
        _floors = floors.Length;
        _tokens = new int[Levels * _floors];
        _gain = new double[Levels * _floors];
        for (int level = 0; level < Levels; level++)
        {
            double share = (level + 0.5) / Levels;
            for (int floor = 0; floor < _floors; floor++)
            {
                int at = (level * _floors) + floor;
                for (double chance = share; _tokens[at] < mostTokens && chance >= floors[floor]; chance *= share)
                {
                    _tokens[at]++;
                    _gain[at] += chance;
                }
            }
        }
    }

    public int Tokens(double share, int floor) => _tokens[At(share, floor)];

    public double Gain(double share, int floor) => _gain[At(share, floor)];

    private int At(double share, int floor) => (Math.Clamp((int)(share * Levels), 0, Levels - 1) * _floors) + floor;
}
