using System.Runtime.CompilerServices;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// exp(x) = 2^n x exp(r) with n = round(x / ln 2) and r = x - n ln 2 in [-0.35, 0.35], exp(r) by its series to the seventh power: within 2 units in
/// the last place.
/// </summary>
/// <remarks>
/// x is held to [-87, 88], where 2^n is a normal number: below, the result is 1.6e-38 instead of something smaller. ln 2 is taken off in two parts, the
/// first with so few bits that n x it is exact.
/// </remarks>
internal static class Exponential
{
    private const float Lowest = -87;
    private const float Highest = 88;
    private const float InverseLn2 = 1.44269504f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Of<TLanes>(TLanes x)
        where TLanes : unmanaged, ILanes<TLanes> => OfLow(TLanes.Min(x, TLanes.Splat(Highest)));

    /// <summary>The same for x that is not above 88.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes OfLow<TLanes>(TLanes x)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        x = TLanes.Max(x, TLanes.Splat(Lowest));
        TLanes n = TLanes.Round(TLanes.Multiply(x, TLanes.Splat(InverseLn2)));
        TLanes r = TLanes.Fma(n, TLanes.Splat(-Ln2High), x);
        r = TLanes.Fma(n, TLanes.Splat(-Ln2Low), r);
        TLanes p = TLanes.Splat(1f / 5040);
        p = TLanes.Fma(p, r, TLanes.Splat(1f / 720));
        p = TLanes.Fma(p, r, TLanes.Splat(1f / 120));
        p = TLanes.Fma(p, r, TLanes.Splat(1f / 24));
        p = TLanes.Fma(p, r, TLanes.Splat(1f / 6));
        p = TLanes.Fma(p, r, TLanes.Splat(0.5f));
        p = TLanes.Fma(p, r, TLanes.Splat(1f));
        p = TLanes.Fma(p, r, TLanes.Splat(1f));
        return TLanes.Scale(p, n);
    }

    /// <summary>The same within 1e-5 of the result, and exact for 0: for what is rounded to bfloat16 afterwards, which is off by up to 2e-3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Rough<TLanes>(TLanes x)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        x = TLanes.Multiply(TLanes.Max(x, TLanes.Splat(Lowest)), TLanes.Splat(InverseLn2));
        TLanes n = TLanes.Round(x);
        TLanes r = TLanes.Add(x, TLanes.Multiply(n, TLanes.Splat(-1)));
        TLanes p = TLanes.Splat(0.009582853f); // 2^r on [-0.5, 0.5] with the least largest relative error, 2.8e-6
        p = TLanes.Fma(p, r, TLanes.Splat(0.055906426f));
        p = TLanes.Fma(p, r, TLanes.Splat(0.24024099f));
        p = TLanes.Fma(p, r, TLanes.Splat(0.6931242f));
        p = TLanes.Fma(p, r, TLanes.Splat(1f));
        return TLanes.Scale(p, n);
    }
}
