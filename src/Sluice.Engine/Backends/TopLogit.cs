namespace Sluice.Engine.Backends;

/// <summary>The largest of a row of logits.</summary>
/// <param name="Id">The lowest of those that are as large; -1 where nothing is above minus infinity.</param>
/// <param name="Value">Never not-a-number, which counts as minus infinity.</param>
internal readonly record struct TopLogit(int Id, float Value)
{
    public static readonly TopLogit None = new(-1, float.NegativeInfinity);
}
