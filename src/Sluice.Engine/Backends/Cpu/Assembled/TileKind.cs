namespace Sluice.Engine.Backends.Cpu.Assembled;

/// <summary>What an assembled tile multiplies.</summary>
internal enum TileKind
{
    /// <summary>Pairs of bfloat16, summed in float32 (<c>vdpbf16ps</c>).</summary>
    BFloat16,

    /// <summary>Fours of unsigned and signed bytes, summed in int32 (<c>vpdpbusd</c> on 512 bits).</summary>
    Int8,
}
