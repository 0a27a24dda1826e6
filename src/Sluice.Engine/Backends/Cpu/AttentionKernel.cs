using System.Runtime.CompilerServices;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// Softmax attention over pages. For page b: scores s = q · K x scale, m_b = max s, p = exp(s - m_b), l_b = sum p, o_b = p · V. Pages are folded in order:
/// with M = max(m, m_b), l = l exp(m - M) + l_b exp(m_b - M), likewise o; the result is o / l.
/// </summary>
/// <remarks>
/// Pages are 16 absolute positions, one vector of scores, and each is computed whole before it is folded. So prefill and decode, any chunks and any
/// batch-mates fold the same numbers in the same order. A score is the sum over the first half of the head plus the sum over the second: two chains,
/// in every form. Slots after the row's position are selected away: they may hold anything.
/// </remarks>
internal static unsafe class AttentionKernel
{
    /// <summary>Queries that go over a page together.</summary>
    public const int Together = 4;

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

    /// <summary>Adds one page to the folds of four queries that see the same slots of it.</summary>
    public static void Page(AttentionState* states, float** queries, AttentionPage page, int count)
    {
        if (Isa.Avx512)
        {
            Vector4<Lanes512>(states, queries, page, count);
        }
        else if (Isa.Avx2)
        {
            Vector4<Lanes256>(states, queries, page, count);
        }
        else
        {
            for (int i = 0; i < Together; i++)
                Scalar(states[i], queries[i], page, count);
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

        float highest = MathF.Max(max, *state.Max);
        float before = MathF.Exp(*state.Max - highest);
        float now = MathF.Exp(max - highest);
        for (int d = 0; d < page.HeadDim; d++)
        {
            float output = 0;
            for (int slot = 0; slot < count; slot++)
                output += p[slot] * page.Values[(slot * page.ValueStride) + d];
            state.Output[d] = (state.Output[d] * before) + (output * now);
        }

        *state.Sum = (*state.Sum * before) + (sum * now);
        *state.Max = highest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vector1<TLanes>(AttentionState state, float* query, AttentionPage page, int count)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes s = TLanes.Splat(0), t = s;
        int half = page.HeadDim / 2;
        float* secondQuery = query + half;
        float* keys = page.Keys;
        float* secondKeys = keys + (half * Slots);
        for (int d = 0; d < half; d++)
        {
            s = TLanes.Fma(TLanes.Splat(query[d]), TLanes.Load(keys + (d * Slots)), s);
            t = TLanes.Fma(TLanes.Splat(secondQuery[d]), TLanes.Load(secondKeys + (d * Slots)), t);
        }

        float* p = stackalloc float[Slots];
        float* factors = stackalloc float[Slots];
        float sum = Weigh(TLanes.Add(s, t), page.Scale, count, p, state, factors);
        Exponential.Of(TLanes.Load(factors)).Store(factors);
        state.Fold(sum, factors[0], factors[Together]);
        for (int column = 0; column < page.ValueStride; column += ILanes<TLanes>.Count)
        {
            float* values = page.Values + column;
            TLanes o = TLanes.Splat(0);
            for (int slot = 0; slot < count; slot++)
                o = TLanes.Fma(TLanes.Splat(p[slot]), TLanes.Load(values + (slot * page.ValueStride)), o);
            FoldOutput(state.Output + column, o, factors[0], factors[Together]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vector4<TLanes>(AttentionState* states, float** queries, AttentionPage page, int count)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes s0 = TLanes.Splat(0), s1 = s0, s2 = s0, s3 = s0;
        TLanes t0 = s0, t1 = s0, t2 = s0, t3 = s0;
        float* q0 = queries[0], q1 = queries[1], q2 = queries[2], q3 = queries[3];
        float* keys = page.Keys;
        int half = page.HeadDim / 2;
        int second = half * Slots;
        for (int d = 0; d < half; d++)
        {
            TLanes k = TLanes.Load(keys);
            s0 = TLanes.Fma(TLanes.Splat(q0[d]), k, s0);
            s1 = TLanes.Fma(TLanes.Splat(q1[d]), k, s1);
            s2 = TLanes.Fma(TLanes.Splat(q2[d]), k, s2);
            s3 = TLanes.Fma(TLanes.Splat(q3[d]), k, s3);
            k = TLanes.Load(keys + second);
            t0 = TLanes.Fma(TLanes.Splat(q0[half + d]), k, t0);
            t1 = TLanes.Fma(TLanes.Splat(q1[half + d]), k, t1);
            t2 = TLanes.Fma(TLanes.Splat(q2[half + d]), k, t2);
            t3 = TLanes.Fma(TLanes.Splat(q3[half + d]), k, t3);
            keys += Slots;
        }

        float* p = stackalloc float[Together * Slots];
        float* factors = stackalloc float[Slots];
        float sum0 = Weigh(TLanes.Add(s0, t0), page.Scale, count, p, states[0], factors);
        float sum1 = Weigh(TLanes.Add(s1, t1), page.Scale, count, p + Slots, states[1], factors + 1);
        float sum2 = Weigh(TLanes.Add(s2, t2), page.Scale, count, p + (2 * Slots), states[2], factors + 2);
        float sum3 = Weigh(TLanes.Add(s3, t3), page.Scale, count, p + (3 * Slots), states[3], factors + 3);
        Exponential.Of(TLanes.Load(factors)).Store(factors);
        states[0].Fold(sum0, factors[0], factors[4]);
        states[1].Fold(sum1, factors[1], factors[5]);
        states[2].Fold(sum2, factors[2], factors[6]);
        states[3].Fold(sum3, factors[3], factors[7]);
        for (int column = 0; column < page.ValueStride; column += ILanes<TLanes>.Count)
        {
            TLanes o0 = TLanes.Splat(0), o1 = o0, o2 = o0, o3 = o0;
            float* line = page.Values + column;
            for (int slot = 0; slot < count; slot++)
            {
                TLanes values = TLanes.Load(line);
                o0 = TLanes.Fma(TLanes.Splat(p[slot]), values, o0);
                o1 = TLanes.Fma(TLanes.Splat(p[slot + Slots]), values, o1);
                o2 = TLanes.Fma(TLanes.Splat(p[slot + (2 * Slots)]), values, o2);
                o3 = TLanes.Fma(TLanes.Splat(p[slot + (3 * Slots)]), values, o3);
                line += page.ValueStride;
            }

            FoldOutput(states[0].Output + column, o0, factors[0], factors[4]);
            FoldOutput(states[1].Output + column, o1, factors[1], factors[5]);
            FoldOutput(states[2].Output + column, o2, factors[2], factors[6]);
            FoldOutput(states[3].Output + column, o3, factors[3], factors[7]);
        }
    }

    // Writes the page's weights to p, the new maximum to the state, and m - M and m_b - M to factors[0] and factors[4]; returns the weights' sum.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Weigh<TLanes>(TLanes dots, float scale, int count, float* p, AttentionState state, float* factors)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes scores = TLanes.First(TLanes.Multiply(dots, TLanes.Splat(scale)), count, TLanes.Splat(float.NegativeInfinity));
        float max = TLanes.MaxAcross(scores);
        TLanes weights = TLanes.First(Exponential.Of(TLanes.Add(scores, TLanes.Splat(-max))), count, TLanes.Splat(0));
        weights.Store(p);
        float before = *state.Max;
        float highest = max > before ? max : before;
        factors[0] = before - highest;
        factors[Together] = max - highest;
        *state.Max = highest;
        return TLanes.Sum(weights);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldOutput<TLanes>(float* output, TLanes page, float before, float now)
        where TLanes : unmanaged, ILanes<TLanes> =>
        TLanes.Fma(TLanes.Load(output), TLanes.Splat(before), TLanes.Multiply(page, TLanes.Splat(now))).Store(output);
}
