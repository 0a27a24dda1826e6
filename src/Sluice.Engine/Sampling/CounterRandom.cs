namespace Sluice.Engine.Sampling;

/// <summary>
/// A number per (seed, position), with no state between them: what runs beside a sequence, and in which order, cannot change its draws.
/// SplitMix64's finalizer over seed and position, each passed through it once before they meet.
/// </summary>
internal static class CounterRandom
{
    private const ulong Golden = 0x9E37_79B9_7F4A_7C15;

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public static double Uniform(long seed, long position) => (Bits(seed, position) >> 11) * (1.0 / (1UL << 53));

    public static ulong Bits(long seed, long position) => Mix(Mix((ulong)seed + Golden) ^ Mix(((ulong)position * Golden) + 1));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}
