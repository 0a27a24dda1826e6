using System.Runtime.CompilerServices;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Eight queries over two pages: each element of a query is broadcast once for both, as broadcasts are what the scores of one page wait for.</summary>
internal static unsafe partial class AttentionKernel
{
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pair<TLanes, TElement>(AttentionState* states, AttentionPage first, AttentionPage second)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged
    {
        float* p = stackalloc float[16 * Slots];
        PairScores8<TLanes, TElement>(states, first, second, p);
        for (int page = 0; page < 2; page++, p += 8 * Slots, first = second)
        {
            for (int i = 0; i < 8; i++)
                Weigh<TLanes>(states[i], p + (i * Slots), Slots, first.ValueStride);
            int column = 0;
            for (; column + 32 <= first.ValueStride; column += 32)
                Values8<TLanes, TElement>(states, first, column, p, Slots);
            for (int i = 0; i < 8 && column < first.ValueStride; i++)
                ValuesLast<TLanes, TElement>(states[i], first, column, p + (i * Slots), Slots);
        }
    }

    // Both pages for each element of the queries: half as many broadcasts. The halves of the head one after the other: together their pointers do not fit the registers.
    private static void PairScores8<TLanes, TElement>(AttentionState* states, AttentionPage first, AttentionPage second, float* p)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged
    {
        int half = first.HeadDim / 2;
        HalfPairScores8<TLanes, TElement>(states, first.ValueStride, 0, half, first, second, p, add: false);
        HalfPairScores8<TLanes, TElement>(states, first.ValueStride, half, first.HeadDim, first, second, p, add: true);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void HalfPairScores8<TLanes, TElement>(AttentionState* states, int at, nint from, nint to, AttentionPage first, AttentionPage second, float* p, bool add)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged
    {
        TLanes s0 = TLanes.Splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
        TLanes t0 = s0, t1 = s0, t2 = s0, t3 = s0, t4 = s0, t5 = s0, t6 = s0, t7 = s0;
        float* q0 = states[0].Query(at), q1 = states[1].Query(at), q2 = states[2].Query(at), q3 = states[3].Query(at);
        float* q4 = states[4].Query(at), q5 = states[5].Query(at), q6 = states[6].Query(at), q7 = states[7].Query(at);
        TElement* keys = (TElement*)first.Keys;
        nint apart = (nint)((byte*)second.Keys - (byte*)first.Keys);
        nint firstAhead = first.Ahead, secondAhead = second.Ahead;
        for (nint d = from; d < to; d++)
        {
            if (firstAhead != 0)
                Ahead((byte*)(keys + (d * Slots)) + firstAhead, (byte*)(keys + (d * Slots)) + apart + secondAhead);
            TLanes k = Key<TLanes, TElement>(keys, d), l = Key<TLanes, TElement>((TElement*)((byte*)keys + apart), d);
            TLanes w = TLanes.Splat(q0[d]);
            s0 = TLanes.Fma(w, k, s0);
            t0 = TLanes.Fma(w, l, t0);
            w = TLanes.Splat(q1[d]);
            s1 = TLanes.Fma(w, k, s1);
            t1 = TLanes.Fma(w, l, t1);
            w = TLanes.Splat(q2[d]);
            s2 = TLanes.Fma(w, k, s2);
            t2 = TLanes.Fma(w, l, t2);
            w = TLanes.Splat(q3[d]);
            s3 = TLanes.Fma(w, k, s3);
            t3 = TLanes.Fma(w, l, t3);
            w = TLanes.Splat(q4[d]);
            s4 = TLanes.Fma(w, k, s4);
            t4 = TLanes.Fma(w, l, t4);
            w = TLanes.Splat(q5[d]);
            s5 = TLanes.Fma(w, k, s5);
            t5 = TLanes.Fma(w, l, t5);
            w = TLanes.Splat(q6[d]);
            s6 = TLanes.Fma(w, k, s6);
            t6 = TLanes.Fma(w, l, t6);
            w = TLanes.Splat(q7[d]);
            s7 = TLanes.Fma(w, k, s7);
            t7 = TLanes.Fma(w, l, t7);
        }

        Put(p, add, s0, s1, s2, s3, s4, s5, s6, s7);
        Put(p + (8 * Slots), add, t0, t1, t2, t3, t4, t5, t6, t7);
    }

    // Scores of eight queries, or what is added to them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TLanes>(float* p, bool add, TLanes s0, TLanes s1, TLanes s2, TLanes s3, TLanes s4, TLanes s5, TLanes s6, TLanes s7)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        Put(s0, p, add);
        Put(s1, p + Slots, add);
        Put(s2, p + (2 * Slots), add);
        Put(s3, p + (3 * Slots), add);
        Put(s4, p + (4 * Slots), add);
        Put(s5, p + (5 * Slots), add);
        Put(s6, p + (6 * Slots), add);
        Put(s7, p + (7 * Slots), add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TLanes>(TLanes score, float* p, bool add)
        where TLanes : unmanaged, ILanes<TLanes> => (add ? TLanes.Add(TLanes.Load(p), score) : score).Store(p);
}
