using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sluice.Engine.Backends.Cpu;
using Sluice.Engine.Backends.Cpu.Assembled;

namespace Sluice.Engine.Measuring;

/// <summary>Multiply-adds of float32 in registers, twelve sums side by side, in the widest form that the kernels use here.</summary>
internal unsafe struct FmaPeakWork : IWork
{
    public long Rounds;
    public float* Sink; // (workers, 16)

    /// <summary>Multiplications and additions of one round of one worker.</summary>
    public static int RoundOperations => 2 * 12 * (Isa.Avx512 ? 16 : Isa.Avx2 ? 8 : 1);

    public readonly void Run(int worker, int workers)
    {
        float* sink = Sink + (worker * 16);
        if (Isa.Avx512)
            Wide(Rounds, sink);
        else if (Isa.Avx2)
            Half(Rounds, sink);
        else
            Scalar(Rounds, sink);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Wide(long rounds, float* sink)
    {
        Vector512<float> a = Vector512.Load(sink), b = a + a;
        Vector512<float> c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a, c6 = a, c7 = a, c8 = a, c9 = a, c10 = a, c11 = a;
        for (long i = 0; i < rounds; i++)
        {
            c0 = Vector512.FusedMultiplyAdd(a, b, c0);
            c1 = Vector512.FusedMultiplyAdd(a, b, c1);
            c2 = Vector512.FusedMultiplyAdd(a, b, c2);
            c3 = Vector512.FusedMultiplyAdd(a, b, c3);
            c4 = Vector512.FusedMultiplyAdd(a, b, c4);
            c5 = Vector512.FusedMultiplyAdd(a, b, c5);
            c6 = Vector512.FusedMultiplyAdd(a, b, c6);
            c7 = Vector512.FusedMultiplyAdd(a, b, c7);
            c8 = Vector512.FusedMultiplyAdd(a, b, c8);
            c9 = Vector512.FusedMultiplyAdd(a, b, c9);
            c10 = Vector512.FusedMultiplyAdd(a, b, c10);
            c11 = Vector512.FusedMultiplyAdd(a, b, c11);
        }

        (c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11).Store(sink);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Half(long rounds, float* sink)
    {
        Vector256<float> a = Vector256.Load(sink), b = a + a;
        Vector256<float> c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a, c6 = a, c7 = a, c8 = a, c9 = a, c10 = a, c11 = a;
        for (long i = 0; i < rounds; i++)
        {
            c0 = Vector256.FusedMultiplyAdd(a, b, c0);
            c1 = Vector256.FusedMultiplyAdd(a, b, c1);
            c2 = Vector256.FusedMultiplyAdd(a, b, c2);
            c3 = Vector256.FusedMultiplyAdd(a, b, c3);
            c4 = Vector256.FusedMultiplyAdd(a, b, c4);
            c5 = Vector256.FusedMultiplyAdd(a, b, c5);
            c6 = Vector256.FusedMultiplyAdd(a, b, c6);
            c7 = Vector256.FusedMultiplyAdd(a, b, c7);
            c8 = Vector256.FusedMultiplyAdd(a, b, c8);
            c9 = Vector256.FusedMultiplyAdd(a, b, c9);
            c10 = Vector256.FusedMultiplyAdd(a, b, c10);
            c11 = Vector256.FusedMultiplyAdd(a, b, c11);
        }

        (c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11).Store(sink);
    }

    private static void Scalar(long rounds, float* sink)
    {
        float a = sink[0], b = a + a;
        float c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a, c6 = a, c7 = a, c8 = a, c9 = a, c10 = a, c11 = a;
        for (long i = 0; i < rounds; i++)
        {
            c0 += a * b;
            c1 += a * b;
            c2 += a * b;
            c3 += a * b;
            c4 += a * b;
            c5 += a * b;
            c6 += a * b;
            c7 += a * b;
            c8 += a * b;
            c9 += a * b;
            c10 += a * b;
            c11 += a * b;
        }

        *sink = c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11;
    }
}

/// <summary>Products of bytes summed to int32 in 256-bit registers: as <see cref="AvxVnni"/> has them, or widened to int16 and added in pairs.</summary>
internal unsafe struct BytePeakWork : IWork
{
    public long Rounds;
    public float* Sink; // (workers, 16)

    public static bool IsSupported => Isa.Avx2;

    /// <summary>Multiplications and additions of one round of one worker.</summary>
    public static int RoundOperations => 2 * 12 * (AvxVnni.IsSupported ? 32 : 16);

    public readonly void Run(int worker, int workers)
    {
        if (AvxVnni.IsSupported)
            Fours(Rounds, (int*)(Sink + (worker * 16)));
        else
            Pairs(Rounds, (int*)(Sink + (worker * 16)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fours(long rounds, int* sink)
    {
        Vector256<byte> a = Vector256.Load((byte*)sink);
        Vector256<sbyte> b = Vector256.Load((sbyte*)sink);
        Vector256<int> c0 = Vector256.Load(sink), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0, c8 = c0, c9 = c0, c10 = c0, c11 = c0;
        for (long i = 0; i < rounds; i++)
        {
            c0 = AvxVnni.MultiplyWideningAndAdd(c0, a, b);
            c1 = AvxVnni.MultiplyWideningAndAdd(c1, a, b);
            c2 = AvxVnni.MultiplyWideningAndAdd(c2, a, b);
            c3 = AvxVnni.MultiplyWideningAndAdd(c3, a, b);
            c4 = AvxVnni.MultiplyWideningAndAdd(c4, a, b);
            c5 = AvxVnni.MultiplyWideningAndAdd(c5, a, b);
            c6 = AvxVnni.MultiplyWideningAndAdd(c6, a, b);
            c7 = AvxVnni.MultiplyWideningAndAdd(c7, a, b);
            c8 = AvxVnni.MultiplyWideningAndAdd(c8, a, b);
            c9 = AvxVnni.MultiplyWideningAndAdd(c9, a, b);
            c10 = AvxVnni.MultiplyWideningAndAdd(c10, a, b);
            c11 = AvxVnni.MultiplyWideningAndAdd(c11, a, b);
        }

        (c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11).Store(sink);
    }

    // Two products come before their two additions, as in the kernel; each takes a sum, so that none is the same as another.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pairs(long rounds, int* sink)
    {
        Vector256<short> a = Vector256.Load((short*)sink);
        Vector256<int> c0 = Vector256.Load(sink), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0, c8 = c0, c9 = c0, c10 = c0, c11 = c0;
        for (long i = 0; i < rounds; i++)
        {
            Vector256<int> s = Avx2.MultiplyAddAdjacent(c0.AsInt16(), a), t = Avx2.MultiplyAddAdjacent(c1.AsInt16(), a);
            c0 += s;
            c1 += t;
            s = Avx2.MultiplyAddAdjacent(c2.AsInt16(), a);
            t = Avx2.MultiplyAddAdjacent(c3.AsInt16(), a);
            c2 += s;
            c3 += t;
            s = Avx2.MultiplyAddAdjacent(c4.AsInt16(), a);
            t = Avx2.MultiplyAddAdjacent(c5.AsInt16(), a);
            c4 += s;
            c5 += t;
            s = Avx2.MultiplyAddAdjacent(c6.AsInt16(), a);
            t = Avx2.MultiplyAddAdjacent(c7.AsInt16(), a);
            c6 += s;
            c7 += t;
            s = Avx2.MultiplyAddAdjacent(c8.AsInt16(), a);
            t = Avx2.MultiplyAddAdjacent(c9.AsInt16(), a);
            c8 += s;
            c9 += t;
            s = Avx2.MultiplyAddAdjacent(c10.AsInt16(), a);
            t = Avx2.MultiplyAddAdjacent(c11.AsInt16(), a);
            c10 += s;
            c11 += t;
        }

        (c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11).Store(sink);
    }
}

/// <summary>Products in registers by assembled code.</summary>
internal struct TilePeakWork : IWork
{
    public long Rounds;
    public TileSet Tiles;

    public readonly void Run(int worker, int workers) => Tiles.Peak(Rounds);
}

/// <summary>Reads a buffer larger than the caches from end to end, each worker its own part.</summary>
internal unsafe struct ReadWork : IWork
{
    public byte* Data;
    public long Bytes; // a multiple of 256 per worker
    public float* Sink; // (workers, 16)

    public readonly void Run(int worker, int workers)
    {
        long from = Bytes / 256 * worker / workers * 256, to = Bytes / 256 * (worker + 1) / workers * 256;
        *(ulong*)(Sink + (worker * 16)) = Isa.Avx2 ? Wide(Data + from, Data + to) : Plain(Data + from, Data + to);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Wide(byte* at, byte* end)
    {
        Vector256<ulong> a = default, b = default, c = default, d = default;
        for (; at < end; at += 128)
        {
            if (Sse.IsSupported)
                Sse.Prefetch1(at + 4096);
            a ^= Vector256.Load((ulong*)at);
            b ^= Vector256.Load((ulong*)(at + 32));
            c ^= Vector256.Load((ulong*)(at + 64));
            d ^= Vector256.Load((ulong*)(at + 96));
        }

        return (a ^ b ^ c ^ d).GetElement(0);
    }

    private static ulong Plain(byte* at, byte* end)
    {
        ulong a = 0, b = 0;
        for (; at < end; at += 16)
        {
            a ^= *(ulong*)at;
            b ^= *(ulong*)(at + 8);
        }

        return a ^ b;
    }
}
