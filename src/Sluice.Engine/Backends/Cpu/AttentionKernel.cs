using System.Runtime.CompilerServices;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// Softmax attention over pages. For page b: scores s = q · K x scale, m_b = max s, p = exp(s - m_b), l_b = sum p, o_b = p · V. Pages are folded in order:
/// with M = max(m, m_b), l = l exp(m - M) + l_b exp(m_b - M), likewise o; the result is o / l.
/// </summary>
/// <remarks>
/// Pages are 16 absolute positions, one vector of scores, and each is computed whole before it is folded. So prefill and decode, any chunks and any
/// batch-mates fold the same numbers in the same order. Slots after the row's position are selected away: they may hold anything.
/// One of the two factors of a fold is exp(0) = 1 and is not multiplied by.
/// </remarks>
internal static unsafe class AttentionKernel
{
    private const int Slots = StepPlan.PageTokens;

    /// <summary>Adds one page to a query's fold.</summary>
    /// <param name="state">The fold so far.</param>
    /// <param name="query">(head_dim)</param>
    /// <param name="page">Keys (head_dim, 16) and values (16, stride).</param>
    /// <param name="count">Slots that the query sees, 1 to 16.</param>
    public static void Page(AttentionState state, float* query, AttentionPage page, int count)
    {
        if (Isa.Avx512)
            Vector1<Lanes512>(state, query, page, count);
        else if (Isa.Avx2)
            Vector1<Lanes256>(state, query, page, count);
        else
            Scalar(state, query, page, count);
    }

    /// <summary>Adds one page, all of whose slots are seen, to the folds of four queries that lie one after the other.</summary>
    public static void PageOfFour(AttentionState first, float** queries, AttentionPage page)
    {
        if (Isa.Avx512)
        {
            Vector4<Lanes512>(first, queries, page);
        }
        else if (Isa.Avx2)
        {
            Vector4<Lanes256>(first, queries, page);
        }
        else
        {
            for (int i = 0; i < 4; i++)
                Scalar(first.At(i), queries[i], page, Slots);
        }
    }

    public static void Scalar(AttentionState state, float* query, AttentionPage page, int count)
    {
        float* p = stackalloc float[Slots];
        float max = float.NegativeInfinity;
        for (int slot = 0; slot < count; slot++)
        {
            float dot = 0;
            for (int d = 0; d < page.HeadDim; d++)
                dot += query[d] * page.Keys[(d * Slots) + slot];
            p[slot] = dot * page.Scale;
            max = MathF.Max(max, p[slot]);
        }

        float sum = 0;
        for (int slot = 0; slot < count; slot++)
        {
            p[slot] = MathF.Exp(p[slot] - max);
            sum += p[slot];
        }

        bool rises = max > *state.Max;
        float factor = MathF.Exp(rises ? *state.Max - max : max - *state.Max);
        for (int d = 0; d < page.HeadDim; d++)
        {
            float output = 0;
            for (int slot = 0; slot < count; slot++)
                output += p[slot] * page.Values[(slot * page.ValueStride) + d];
            state.Output[d] = rises ? (state.Output[d] * factor) + output : (output * factor) + state.Output[d];
        }

        *state.Sum = rises ? (*state.Sum * factor) + sum : (sum * factor) + *state.Sum;
        *state.Max = rises ? max : *state.Max;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vector1<TLanes>(AttentionState state, float* query, AttentionPage page, int count)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes s = TLanes.Splat(0);
        for (int d = 0; d < page.HeadDim; d++)
            s = TLanes.Fma(TLanes.Splat(query[d]), TLanes.Load(page.Keys + (d * Slots)), s);
        float* p = stackalloc float[Slots];
        float factor = FoldSum(state, s, page.Scale, count, p, out bool rises);
        for (int column = 0; column < page.ValueStride; column += ILanes<TLanes>.Count)
        {
            float* values = page.Values + column;
            TLanes o = TLanes.Splat(0);
            for (int slot = 0; slot < count; slot++)
                o = TLanes.Fma(TLanes.Splat(p[slot]), TLanes.Load(values + (slot * page.ValueStride)), o);
            FoldOutput(state.Output + column, o, factor, rises);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vector4<TLanes>(AttentionState first, float** queries, AttentionPage page)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes s0 = TLanes.Splat(0), s1 = s0, s2 = s0, s3 = s0;
        float* q0 = queries[0], q1 = queries[1], q2 = queries[2], q3 = queries[3];
        for (int d = 0; d < page.HeadDim; d++)
        {
            TLanes keys = TLanes.Load(page.Keys + (d * Slots));
            s0 = TLanes.Fma(TLanes.Splat(q0[d]), keys, s0);
            s1 = TLanes.Fma(TLanes.Splat(q1[d]), keys, s1);
            s2 = TLanes.Fma(TLanes.Splat(q2[d]), keys, s2);
            s3 = TLanes.Fma(TLanes.Splat(q3[d]), keys, s3);
        }

        float* p = stackalloc float[4 * Slots];
        float f0 = FoldSum(first, s0, page.Scale, Slots, p, out bool r0);
        float f1 = FoldSum(first.At(1), s1, page.Scale, Slots, p + Slots, out bool r1);
        float f2 = FoldSum(first.At(2), s2, page.Scale, Slots, p + (2 * Slots), out bool r2);
        float f3 = FoldSum(first.At(3), s3, page.Scale, Slots, p + (3 * Slots), out bool r3);
        for (int column = 0; column < page.ValueStride; column += ILanes<TLanes>.Count)
        {
            TLanes o0 = TLanes.Splat(0), o1 = o0, o2 = o0, o3 = o0;
            float* line = page.Values + column;
            for (int slot = 0; slot < Slots; slot++)
            {
                TLanes values = TLanes.Load(line);
                o0 = TLanes.Fma(TLanes.Splat(p[slot]), values, o0);
                o1 = TLanes.Fma(TLanes.Splat(p[slot + Slots]), values, o1);
                o2 = TLanes.Fma(TLanes.Splat(p[slot + (2 * Slots)]), values, o2);
                o3 = TLanes.Fma(TLanes.Splat(p[slot + (3 * Slots)]), values, o3);
                line += page.ValueStride;
            }

            FoldOutput(first.Output + column, o0, f0, r0);
            FoldOutput(first.At(1).Output + column, o1, f1, r1);
            FoldOutput(first.At(2).Output + column, o2, f2, r2);
            FoldOutput(first.At(3).Output + column, o3, f3, r3);
        }
    }

    // Scores to p, and the page's maximum and sum into the fold. Returns exp(-|m - m_b|); the old fold is what it multiplies if the maximum rises.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float FoldSum<TLanes>(AttentionState state, TLanes dots, float scale, int count, float* p, out bool rises)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes scores = TLanes.First(TLanes.Multiply(dots, TLanes.Splat(scale)), count, TLanes.Splat(float.NegativeInfinity));
        float max = TLanes.MaxAcross(scores);
        TLanes weights = TLanes.First(Exponential.Of(TLanes.Add(scores, TLanes.Splat(-max))), count, TLanes.Splat(0));
        weights.Store(p);
        float sum = TLanes.Sum(weights);
        float before = *state.Max;
        rises = max > before;
        float factor = TLanes.MaxAcross(Exponential.Of(TLanes.Splat(rises ? before - max : max - before)));
        *state.Sum = rises ? MathF.FusedMultiplyAdd(*state.Sum, factor, sum) : MathF.FusedMultiplyAdd(sum, factor, *state.Sum);
        *state.Max = rises ? max : before;
        return factor;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldOutput<TLanes>(float* output, TLanes page, float factor, bool rises)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes before = TLanes.Load(output);
        TLanes folded = rises ? TLanes.Fma(before, TLanes.Splat(factor), page) : TLanes.Fma(page, TLanes.Splat(factor), before);
        folded.Store(output);
    }
}
