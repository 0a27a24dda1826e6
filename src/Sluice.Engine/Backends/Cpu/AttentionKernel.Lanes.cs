using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>The vector forms: one query, four, and eight where there are 32 registers. All give a query the same bits.</summary>
internal static unsafe partial class AttentionKernel
{
    private static void Lanes<TLanes>(AttentionState* states, int width, AttentionPage page, int slots)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        if (page.Halves)
            Lanes<TLanes, ushort>(states, width, page, slots);
        else
            Lanes<TLanes, float>(states, width, page, slots);
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Lanes<TLanes, TElement>(AttentionState* states, int width, AttentionPage page, int slots)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged
    {
        float* p = stackalloc float[8 * Slots];
        if (width == 8)
            Scores8<TLanes, TElement>(states, page, p);
        else if (width == 4 && InQuads<TLanes>(page))
            QuadScores<TElement>(states, page, p);
        else if (width == 4)
            Scores4<TLanes, TElement>(states, page, p);
        else
            Scores1<TLanes, TElement>(states, page, p);
        for (int i = 0; i < width; i++)
            Weigh<TLanes>(states[i], p + (i * Slots), slots, page.ValueStride);
        if (width == 4 && InQuads<TLanes>(page))
        {
            QuadValues<TElement>(states, page, p, slots);
            return;
        }

        int column = 0;
        for (; column + 32 <= page.ValueStride; column += 32)
        {
            if (width == 8)
                Values8<TLanes, TElement>(states, page, column, p, slots);
            else if (width == 4)
                Values4<TLanes, TElement>(states, page, column, p, slots);
            else
                Values1<TLanes, TElement>(states, page, column, p, slots);
        }

        if (column < page.ValueStride)
        {
            for (int i = 0; i < width; i++)
                ValuesLast<TLanes, TElement>(states[i], page, column, p + (i * Slots), slots);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores1<TLanes, TElement>(AttentionState* states, AttentionPage page, float* p)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged
    {
        TLanes s = TLanes.Splat(0), t = s;
        int half = page.HeadDim / 2;
        float* q = states[0].Query(page.ValueStride);
        TElement* keys = (TElement*)page.Keys;
        nint ahead = page.Ahead;
        int second = half * Slots;
        for (int d = 0; d < half; d++)
        {
            if (ahead != 0)
                Ahead((byte*)(keys + (d * Slots)) + ahead, (byte*)(keys + second + (d * Slots)) + ahead);
            s = TLanes.Fma(TLanes.Splat(q[d]), Key<TLanes, TElement>(keys, d), s);
            t = TLanes.Fma(TLanes.Splat(q[half + d]), Key<TLanes, TElement>(keys, half + d), t);
        }

        TLanes.Add(s, t).Store(p);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores4<TLanes, TElement>(AttentionState* states, AttentionPage page, float* p)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged
    {
        TLanes s0 = TLanes.Splat(0), s1 = s0, s2 = s0, s3 = s0;
        TLanes t0 = s0, t1 = s0, t2 = s0, t3 = s0;
        int stride = page.ValueStride;
        float* q0 = states[0].Query(stride), q1 = states[1].Query(stride), q2 = states[2].Query(stride), q3 = states[3].Query(stride);
        TElement* keys = (TElement*)page.Keys;
        nint ahead = page.Ahead;
        nint half = page.HeadDim / 2;
        nint second = half * Slots;
        for (nint d = 0; d < half; d++)
        {
            if (ahead != 0)
                Ahead((byte*)(keys + (d * Slots)) + ahead, (byte*)(keys + second + (d * Slots)) + ahead);
            TLanes k = Key<TLanes, TElement>(keys, d);
            s0 = TLanes.Fma(TLanes.Splat(q0[d]), k, s0);
            s1 = TLanes.Fma(TLanes.Splat(q1[d]), k, s1);
            s2 = TLanes.Fma(TLanes.Splat(q2[d]), k, s2);
            s3 = TLanes.Fma(TLanes.Splat(q3[d]), k, s3);
            k = Key<TLanes, TElement>(keys, half + d);
            t0 = TLanes.Fma(TLanes.Splat(q0[half + d]), k, t0);
            t1 = TLanes.Fma(TLanes.Splat(q1[half + d]), k, t1);
            t2 = TLanes.Fma(TLanes.Splat(q2[half + d]), k, t2);
            t3 = TLanes.Fma(TLanes.Splat(q3[half + d]), k, t3);
        }

        TLanes.Add(s0, t0).Store(p);
        TLanes.Add(s1, t1).Store(p + Slots);
        TLanes.Add(s2, t2).Store(p + (2 * Slots));
        TLanes.Add(s3, t3).Store(p + (3 * Slots));
    }

    // The halves one after the other: together their pointers do not fit the registers.
    private static void Scores8<TLanes, TElement>(AttentionState* states, AttentionPage page, float* p)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged
    {
        int half = page.HeadDim / 2;
        HalfScores8<TLanes, TElement>(states, page.ValueStride, 0, half, (TElement*)page.Keys, page.Ahead, p, TLanes.Splat(0), add: false);
        HalfScores8<TLanes, TElement>(states, page.ValueStride, half, page.HeadDim, (TElement*)page.Keys, page.Ahead, p, TLanes.Splat(0), add: true);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void HalfScores8<TLanes, TElement>(AttentionState* states, int at, nint from, nint to, TElement* keys, nint ahead, float* p, TLanes zero, bool add)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged
    {
        TLanes s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero, s6 = zero, s7 = zero;
        float* q0 = states[0].Query(at), q1 = states[1].Query(at), q2 = states[2].Query(at), q3 = states[3].Query(at);
        float* q4 = states[4].Query(at), q5 = states[5].Query(at), q6 = states[6].Query(at), q7 = states[7].Query(at);
        for (nint d = from; d < to; d++)
        {
            if (ahead != 0 && Sse.IsSupported)
                Sse.Prefetch1((byte*)(keys + (d * Slots)) + ahead);
            TLanes k = Key<TLanes, TElement>(keys, d);
            s0 = TLanes.Fma(TLanes.Splat(q0[d]), k, s0);
            s1 = TLanes.Fma(TLanes.Splat(q1[d]), k, s1);
            s2 = TLanes.Fma(TLanes.Splat(q2[d]), k, s2);
            s3 = TLanes.Fma(TLanes.Splat(q3[d]), k, s3);
            s4 = TLanes.Fma(TLanes.Splat(q4[d]), k, s4);
            s5 = TLanes.Fma(TLanes.Splat(q5[d]), k, s5);
            s6 = TLanes.Fma(TLanes.Splat(q6[d]), k, s6);
            s7 = TLanes.Fma(TLanes.Splat(q7[d]), k, s7);
        }

        Put(p, add, s0, s1, s2, s3, s4, s5, s6, s7);
    }

    // Sixteen slots of one element of the head.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Key<TLanes, TElement>(TElement* keys, nint d)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged =>
        typeof(TElement) == typeof(float) ? TLanes.Load((float*)keys + (d * Slots)) : TLanes.LoadHalves((uint*)keys + (d / 2 * Slots), (int)d & 1);

    // Sixteen columns of one slot, from the address of slot 0 and of the first of them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Value<TLanes, TElement>(TElement* values, nint slot, nint stride)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged =>
        typeof(TElement) == typeof(float) ? TLanes.Load((float*)values + (slot * stride)) : TLanes.LoadHalves((uint*)values + (slot / 2 * stride), (int)slot & 1);

    // As many bytes as sixteen columns take: a pair of slots lies side by side.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TElement* Columns<TElement>(AttentionPage page, int column)
        where TElement : unmanaged => (TElement*)((float*)page.Values + column);

    // The lines of 32 columns of a slot; of a pair of slots that lie side by side one for each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ahead<TElement>(TElement* values, nint slot, nint stride, nint ahead)
        where TElement : unmanaged
    {
        byte* line = (byte*)values + ahead;
        if (typeof(TElement) == typeof(float))
            Ahead(line + (slot * stride * 4), line + (slot * stride * 4) + 64);
        else if (Sse.IsSupported)
            Sse.Prefetch1(line + (slot / 2 * stride * 4) + ((slot & 1) * 64));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ahead(byte* a, byte* b)
    {
        if (!Sse.IsSupported)
            return;
        Sse.Prefetch1(a);
        Sse.Prefetch1(b);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MergeLanes<TLanes>(AttentionState total, AttentionState next, int valueStride)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        // Of the two factors the higher one's is 1.
        float above = *next.Level - *total.Level;
        TLanes one = TLanes.Splat(1), factor = Exponential.OfLow(TLanes.Splat(-MathF.Abs(above)));
        TLanes a = above > 0 ? factor : one, b = above > 0 ? one : factor;
        *total.Level = above > 0 ? *next.Level : *total.Level;
        TLanes.Fma(TLanes.Load(total.Sums), a, TLanes.Multiply(TLanes.Load(next.Sums), b)).Store(total.Sums);
        for (int column = 0; column < valueStride; column += ILanes<TLanes>.Count)
        {
            TLanes output = TLanes.Load(total.Output + column);
            TLanes.Fma(output, a, TLanes.Multiply(TLanes.Load(next.Output + column), b)).Store(total.Output + column);
        }
    }

    // Scores to weights, in place.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Weigh<TLanes>(AttentionState state, float* p, int slots, int valueStride)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes scores = TLanes.Load(p);
        if (slots < Slots)
            scores = TLanes.First(scores, slots, TLanes.Splat(float.NegativeInfinity));
        if (TLanes.AnyAbove(scores, *state.Level + Slack))
            Raise<TLanes>(state, TLanes.MaxAcross(scores), valueStride);
        TLanes weights = Exponential.OfLow(TLanes.Add(scores, TLanes.Splat(-*state.Level)));
        if (slots < Slots)
            weights = TLanes.First(weights, slots, TLanes.Splat(0));
        weights.Store(p);
        TLanes.Add(TLanes.Load(state.Sums), weights).Store(state.Sums);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Raise<TLanes>(AttentionState state, float level, int valueStride)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        if (state.IsEmpty)
        {
            *state.Level = level;
            return;
        }

        TLanes factor = Exponential.OfLow(TLanes.Splat(*state.Level - level));
        *state.Level = level;
        TLanes.Multiply(TLanes.Load(state.Sums), factor).Store(state.Sums);
        for (int column = 0; column < valueStride; column += ILanes<TLanes>.Count)
            TLanes.Multiply(TLanes.Load(state.Output + column), factor).Store(state.Output + column);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Values1<TLanes, TElement>(AttentionState* states, AttentionPage page, int column, float* p, int slots)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged
    {
        float* o = states[0].Output + column;
        TLanes a = TLanes.Load(o), b = TLanes.Load(o + 16);
        TElement* values = Columns<TElement>(page, column), next = Columns<TElement>(page, column + 16);
        nint ahead = page.Ahead;
        nint stride = page.ValueStride;
        for (nint slot = 0; slot < slots; slot++)
        {
            if (ahead != 0)
                Ahead(values, slot, stride, ahead);
            TLanes w = TLanes.Splat(p[slot]);
            a = TLanes.Fma(w, Value<TLanes, TElement>(values, slot, stride), a);
            b = TLanes.Fma(w, Value<TLanes, TElement>(next, slot, stride), b);
        }

        a.Store(o);
        b.Store(o + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Values4<TLanes, TElement>(AttentionState* states, AttentionPage page, int column, float* p, int slots)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged
    {
        float* o0 = states[0].Output + column, o1 = states[1].Output + column, o2 = states[2].Output + column, o3 = states[3].Output + column;
        TLanes a0 = TLanes.Load(o0), a1 = TLanes.Load(o1), a2 = TLanes.Load(o2), a3 = TLanes.Load(o3);
        TLanes b0 = TLanes.Load(o0 + 16), b1 = TLanes.Load(o1 + 16), b2 = TLanes.Load(o2 + 16), b3 = TLanes.Load(o3 + 16);
        TElement* values = Columns<TElement>(page, column), next = Columns<TElement>(page, column + 16);
        nint ahead = page.Ahead;
        nint stride = page.ValueStride;
        for (nint slot = 0; slot < slots; slot++)
        {
            if (ahead != 0)
                Ahead(values, slot, stride, ahead);
            TLanes v = Value<TLanes, TElement>(values, slot, stride), u = Value<TLanes, TElement>(next, slot, stride);
            TLanes w = TLanes.Splat(p[slot]);
            a0 = TLanes.Fma(w, v, a0);
            b0 = TLanes.Fma(w, u, b0);
            w = TLanes.Splat(p[slot + Slots]);
            a1 = TLanes.Fma(w, v, a1);
            b1 = TLanes.Fma(w, u, b1);
            w = TLanes.Splat(p[slot + (2 * Slots)]);
            a2 = TLanes.Fma(w, v, a2);
            b2 = TLanes.Fma(w, u, b2);
            w = TLanes.Splat(p[slot + (3 * Slots)]);
            a3 = TLanes.Fma(w, v, a3);
            b3 = TLanes.Fma(w, u, b3);
        }

        a0.Store(o0);
        a1.Store(o1);
        a2.Store(o2);
        a3.Store(o3);
        b0.Store(o0 + 16);
        b1.Store(o1 + 16);
        b2.Store(o2 + 16);
        b3.Store(o3 + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Values8<TLanes, TElement>(AttentionState* states, AttentionPage page, int column, float* p, int slots)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged
    {
        float* o0 = states[0].Output + column, o1 = states[1].Output + column, o2 = states[2].Output + column, o3 = states[3].Output + column;
        float* o4 = states[4].Output + column, o5 = states[5].Output + column, o6 = states[6].Output + column, o7 = states[7].Output + column;
        TLanes a0 = TLanes.Load(o0), a1 = TLanes.Load(o1), a2 = TLanes.Load(o2), a3 = TLanes.Load(o3);
        TLanes a4 = TLanes.Load(o4), a5 = TLanes.Load(o5), a6 = TLanes.Load(o6), a7 = TLanes.Load(o7);
        TLanes b0 = TLanes.Load(o0 + 16), b1 = TLanes.Load(o1 + 16), b2 = TLanes.Load(o2 + 16), b3 = TLanes.Load(o3 + 16);
        TLanes b4 = TLanes.Load(o4 + 16), b5 = TLanes.Load(o5 + 16), b6 = TLanes.Load(o6 + 16), b7 = TLanes.Load(o7 + 16);
        TElement* values = Columns<TElement>(page, column), next = Columns<TElement>(page, column + 16);
        nint ahead = page.Ahead;
        nint stride = page.ValueStride;
        for (nint slot = 0; slot < slots; slot++)
        {
            if (ahead != 0)
                Ahead(values, slot, stride, ahead);
            TLanes v = Value<TLanes, TElement>(values, slot, stride), u = Value<TLanes, TElement>(next, slot, stride);
            TLanes w = TLanes.Splat(p[slot]);
            a0 = TLanes.Fma(w, v, a0);
            b0 = TLanes.Fma(w, u, b0);
            w = TLanes.Splat(p[slot + Slots]);
            a1 = TLanes.Fma(w, v, a1);
            b1 = TLanes.Fma(w, u, b1);
            w = TLanes.Splat(p[slot + (2 * Slots)]);
            a2 = TLanes.Fma(w, v, a2);
            b2 = TLanes.Fma(w, u, b2);
            w = TLanes.Splat(p[slot + (3 * Slots)]);
            a3 = TLanes.Fma(w, v, a3);
            b3 = TLanes.Fma(w, u, b3);
            w = TLanes.Splat(p[slot + (4 * Slots)]);
            a4 = TLanes.Fma(w, v, a4);
            b4 = TLanes.Fma(w, u, b4);
            w = TLanes.Splat(p[slot + (5 * Slots)]);
            a5 = TLanes.Fma(w, v, a5);
            b5 = TLanes.Fma(w, u, b5);
            w = TLanes.Splat(p[slot + (6 * Slots)]);
            a6 = TLanes.Fma(w, v, a6);
            b6 = TLanes.Fma(w, u, b6);
            w = TLanes.Splat(p[slot + (7 * Slots)]);
            a7 = TLanes.Fma(w, v, a7);
            b7 = TLanes.Fma(w, u, b7);
        }

        a0.Store(o0);
        a1.Store(o1);
        a2.Store(o2);
        a3.Store(o3);
        a4.Store(o4);
        a5.Store(o5);
        a6.Store(o6);
        a7.Store(o7);
        b0.Store(o0 + 16);
        b1.Store(o1 + 16);
        b2.Store(o2 + 16);
        b3.Store(o3 + 16);
        b4.Store(o4 + 16);
        b5.Store(o5 + 16);
        b6.Store(o6 + 16);
        b7.Store(o7 + 16);
    }

    // The last sixteen columns where their number is odd.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ValuesLast<TLanes, TElement>(AttentionState state, AttentionPage page, int column, float* p, int slots)
        where TLanes : unmanaged, ILanes<TLanes>
        where TElement : unmanaged
    {
        TLanes a = TLanes.Load(state.Output + column);
        TElement* values = Columns<TElement>(page, column);
        for (int slot = 0; slot < slots; slot++)
            a = TLanes.Fma(TLanes.Splat(p[slot]), Value<TLanes, TElement>(values, slot, page.ValueStride), a);
        a.Store(state.Output + column);
    }
}
