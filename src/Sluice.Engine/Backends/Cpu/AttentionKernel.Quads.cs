using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// Four queries in sixteen registers of 256 bits: their sums fill eight, so the halves of the head, and sixteens of columns, go one after the other.
/// Elements and slots are taken in pairs, which lie side by side in bfloat16 pages. The order of every sum is that of the other forms.
/// </summary>
internal static unsafe partial class AttentionKernel
{
    // Halves of a head that are in pairs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool InQuads<TLanes>(AttentionPage page)
        where TLanes : unmanaged, ILanes<TLanes> => typeof(TLanes) == typeof(Lanes256) && page.HeadDim % 4 == 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void QuadScores<TElement>(AttentionState* states, AttentionPage page, float* p)
        where TElement : unmanaged
    {
        nint half = page.HeadDim / 2; // even
        int stride = page.ValueStride;
        float* q0 = states[0].Query(stride), q1 = states[1].Query(stride), q2 = states[2].Query(stride), q3 = states[3].Query(stride);
        TElement* keys = (TElement*)page.Keys;
        nint ahead = page.Ahead;
        for (nint from = 0; from < 2 * half; from += half)
        {
            // Slots 0 to 7 of each query, and 8 to 15.
            Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
            Vector256<float> t0 = default, t1 = default, t2 = default, t3 = default;
            for (nint d = from; d < from + half; d += 2)
            {
                if (ahead != 0)
                    AheadOfTwo(keys, Slots, ahead);
                First(keys, out Vector256<float> low, out Vector256<float> high);
                Vector256<float> w = Avx.BroadcastScalarToVector256(q0 + d);
                s0 = Fma.MultiplyAdd(w, low, s0);
                t0 = Fma.MultiplyAdd(w, high, t0);
                w = Avx.BroadcastScalarToVector256(q1 + d);
                s1 = Fma.MultiplyAdd(w, low, s1);
                t1 = Fma.MultiplyAdd(w, high, t1);
                w = Avx.BroadcastScalarToVector256(q2 + d);
                s2 = Fma.MultiplyAdd(w, low, s2);
                t2 = Fma.MultiplyAdd(w, high, t2);
                w = Avx.BroadcastScalarToVector256(q3 + d);
                s3 = Fma.MultiplyAdd(w, low, s3);
                t3 = Fma.MultiplyAdd(w, high, t3);
                Second(keys, Slots, out low, out high);
                w = Avx.BroadcastScalarToVector256(q0 + d + 1);
                s0 = Fma.MultiplyAdd(w, low, s0);
                t0 = Fma.MultiplyAdd(w, high, t0);
                w = Avx.BroadcastScalarToVector256(q1 + d + 1);
                s1 = Fma.MultiplyAdd(w, low, s1);
                t1 = Fma.MultiplyAdd(w, high, t1);
                w = Avx.BroadcastScalarToVector256(q2 + d + 1);
                s2 = Fma.MultiplyAdd(w, low, s2);
                t2 = Fma.MultiplyAdd(w, high, t2);
                w = Avx.BroadcastScalarToVector256(q3 + d + 1);
                s3 = Fma.MultiplyAdd(w, low, s3);
                t3 = Fma.MultiplyAdd(w, high, t3);
                keys += 2 * Slots;
            }

            bool add = from > 0;
            Put(s0, t0, p, add);
            Put(s1, t1, p + Slots, add);
            Put(s2, t2, p + (2 * Slots), add);
            Put(s3, t3, p + (3 * Slots), add);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void QuadValues<TElement>(AttentionState* states, AttentionPage page, float* p, int slots)
        where TElement : unmanaged
    {
        nint stride = page.ValueStride;
        nint ahead = page.Ahead;
        for (nint column = 0; column < stride; column += 16)
        {
            float* o0 = states[0].Output + column, o1 = states[1].Output + column, o2 = states[2].Output + column, o3 = states[3].Output + column;
            Vector256<float> s0 = Vector256.Load(o0), s1 = Vector256.Load(o1), s2 = Vector256.Load(o2), s3 = Vector256.Load(o3);
            Vector256<float> t0 = Vector256.Load(o0 + 8), t1 = Vector256.Load(o1 + 8), t2 = Vector256.Load(o2 + 8), t3 = Vector256.Load(o3 + 8);
            Vector256<float> low, high, w;
            TElement* values = (TElement*)page.Values + (typeof(TElement) == typeof(float) ? column : 2 * column);
            float* w0 = p;
            for (nint pairs = slots / 2; pairs > 0; pairs--)
            {
                if (ahead != 0)
                    AheadOfTwo(values, stride, ahead);
                First(values, out low, out high);
                w = Avx.BroadcastScalarToVector256(w0);
                s0 = Fma.MultiplyAdd(w, low, s0);
                t0 = Fma.MultiplyAdd(w, high, t0);
                w = Avx.BroadcastScalarToVector256(w0 + Slots);
                s1 = Fma.MultiplyAdd(w, low, s1);
                t1 = Fma.MultiplyAdd(w, high, t1);
                w = Avx.BroadcastScalarToVector256(w0 + (2 * Slots));
                s2 = Fma.MultiplyAdd(w, low, s2);
                t2 = Fma.MultiplyAdd(w, high, t2);
                w = Avx.BroadcastScalarToVector256(w0 + (3 * Slots));
                s3 = Fma.MultiplyAdd(w, low, s3);
                t3 = Fma.MultiplyAdd(w, high, t3);
                Second(values, stride, out low, out high);
                w = Avx.BroadcastScalarToVector256(w0 + 1);
                s0 = Fma.MultiplyAdd(w, low, s0);
                t0 = Fma.MultiplyAdd(w, high, t0);
                w = Avx.BroadcastScalarToVector256(w0 + 1 + Slots);
                s1 = Fma.MultiplyAdd(w, low, s1);
                t1 = Fma.MultiplyAdd(w, high, t1);
                w = Avx.BroadcastScalarToVector256(w0 + 1 + (2 * Slots));
                s2 = Fma.MultiplyAdd(w, low, s2);
                t2 = Fma.MultiplyAdd(w, high, t2);
                w = Avx.BroadcastScalarToVector256(w0 + 1 + (3 * Slots));
                s3 = Fma.MultiplyAdd(w, low, s3);
                t3 = Fma.MultiplyAdd(w, high, t3);
                w0 += 2;
                values += 2 * stride;
            }

            if (slots % 2 != 0)
            {
                First(values, out low, out high);
                w = Avx.BroadcastScalarToVector256(w0);
                s0 = Fma.MultiplyAdd(w, low, s0);
                t0 = Fma.MultiplyAdd(w, high, t0);
                w = Avx.BroadcastScalarToVector256(w0 + Slots);
                s1 = Fma.MultiplyAdd(w, low, s1);
                t1 = Fma.MultiplyAdd(w, high, t1);
                w = Avx.BroadcastScalarToVector256(w0 + (2 * Slots));
                s2 = Fma.MultiplyAdd(w, low, s2);
                t2 = Fma.MultiplyAdd(w, high, t2);
                w = Avx.BroadcastScalarToVector256(w0 + (3 * Slots));
                s3 = Fma.MultiplyAdd(w, low, s3);
                t3 = Fma.MultiplyAdd(w, high, t3);
            }

            Put(s0, t0, o0, add: false);
            Put(s1, t1, o1, add: false);
            Put(s2, t2, o2, add: false);
            Put(s3, t3, o3, add: false);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector256<float> low, Vector256<float> high, float* p, bool add)
    {
        (add ? Vector256.Load(p) + low : low).Store(p);
        (add ? Vector256.Load(p + 8) + high : high).Store(p + 8);
    }

    // Sixteen elements of an even line.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void First<TElement>(TElement* line, out Vector256<float> low, out Vector256<float> high)
        where TElement : unmanaged
    {
        if (typeof(TElement) == typeof(float))
        {
            low = Vector256.Load((float*)line);
            high = Vector256.Load((float*)line + 8);
        }
        else
        {
            low = (Vector256.Load((uint*)line) << 16).AsSingle();
            high = (Vector256.Load((uint*)line + 8) << 16).AsSingle();
        }
    }

    // Of the line after it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Second<TElement>(TElement* line, nint stride, out Vector256<float> low, out Vector256<float> high)
        where TElement : unmanaged
    {
        if (typeof(TElement) == typeof(float))
        {
            low = Vector256.Load((float*)line + stride);
            high = Vector256.Load((float*)line + stride + 8);
        }
        else
        {
            low = (Vector256.Load((uint*)line) & Vector256.Create(0xFFFF0000)).AsSingle();
            high = (Vector256.Load((uint*)line + 8) & Vector256.Create(0xFFFF0000)).AsSingle();
        }
    }

    // The bytes of both: two lines of float32, or one of pairs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AheadOfTwo<TElement>(TElement* lines, nint stride, nint ahead)
        where TElement : unmanaged
    {
        Sse.Prefetch1((byte*)lines + ahead);
        if (typeof(TElement) == typeof(float))
            Sse.Prefetch1((byte*)(lines + stride) + ahead);
    }
}
