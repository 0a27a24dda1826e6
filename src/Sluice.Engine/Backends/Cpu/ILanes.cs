namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// Sixteen float32, in one register of 512 bits or two of 256: kernels are written once over it. Every operation is the same to the bit in both, sums
/// across lanes included, so the two forms of a kernel give the same results.
/// </summary>
internal unsafe interface ILanes<TSelf>
    where TSelf : unmanaged, ILanes<TSelf>
{
    const int Count = 16;

    static abstract TSelf Load(float* source);

    /// <summary>Sixteen bytes as numbers from -128 to 127.</summary>
    static abstract TSelf LoadBytes(sbyte* source);

    /// <summary>One of each of sixteen pairs of bfloat16: the first where <paramref name="odd"/> is 0, the second where it is 1.</summary>
    static abstract TSelf LoadHalves(uint* pairs, int odd);

    static abstract TSelf Splat(float value);

    void Store(float* target);

    static abstract TSelf Add(TSelf a, TSelf b);

    static abstract TSelf Multiply(TSelf a, TSelf b);

    static abstract TSelf Divide(TSelf a, TSelf b);

    /// <summary>a x b + c, rounded once.</summary>
    static abstract TSelf Fma(TSelf a, TSelf b, TSelf c);

    static abstract TSelf Min(TSelf a, TSelf b);

    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>To the nearest whole number, ties to even.</summary>
    static abstract TSelf Round(TSelf a);

    /// <summary>a x 2^n for whole n with a normal result.</summary>
    static abstract TSelf Scale(TSelf a, TSelf n);

    /// <summary>Lanes [0, count) of a, the others <paramref name="other"/>.</summary>
    static abstract TSelf First(TSelf a, int count, TSelf other);

    /// <summary>Lanes i and i + 8, then i + 4, i + 2, i + 1.</summary>
    static abstract float Sum(TSelf a);

    static abstract float MaxAcross(TSelf a);

    /// <summary>True if any lane is larger than the limit; a lane that is not a number is not.</summary>
    static abstract bool AnyAbove(TSelf a, float limit);
}
