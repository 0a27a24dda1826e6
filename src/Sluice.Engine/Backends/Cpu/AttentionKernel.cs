using System.Runtime.CompilerServices;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// Softmax attention over pages. A query's fold is (level, sums, output). A page with scores s = q · K raises the level to max s where any score stands more
/// than <see cref="Slack"/> above it, taking sums and output times exp(old - new); then p = exp(s - level), sums += p, output += p · V, slot by slot. Folds of
/// neighbouring stretches merge: both are taken to the higher level and added. The result is output / sum.
/// </summary>
/// <remarks>
/// Pages are 16 absolute positions, one vector of scores, and what a page does to a query's fold depends on nothing but the two. So prefill and decode, any
/// chunks, any batch-mates and any grouping of queries fold the same numbers in the same order. A score is the sum over the first half of the head plus the
/// sum over the second: two chains, in every vector form; <see cref="Scalar"/> has one. Slots after the row's position are selected away, or not looked at: they
/// may hold anything.
/// </remarks>
internal static unsafe partial class AttentionKernel
{
    /// <summary>How far a score may stand above the level: exp of it is far from what float32 holds, so most pages need no maximum across lanes.</summary>
    public const float Slack = 8;

    private const int Slots = StepPlan.PageTokens;

    /// <summary>Queries that go over a page together, at most.</summary>
    public const int BlockQueries = 8;

    /// <summary>True where so many queries go over two pages faster than over one after the other.</summary>
    public static bool TakesPairs(int count) => Isa.Avx512 && count > 5;

    /// <summary>Adds one page to the folds of queries that see the same slots of it.</summary>
    /// <param name="states">(count) the folds, with their queries.</param>
    /// <param name="count">Queries, 1 to <see cref="BlockQueries"/>.</param>
    /// <param name="spare">A fold that nobody reads; its query is finite.</param>
    /// <param name="page">Keys (head_dim, 16) and values (16, stride).</param>
    /// <param name="slots">Slots that the queries see, 1 to 16.</param>
    [SkipLocalsInit]
    public static void Page(AttentionState* states, int count, AttentionState spare, AttentionPage page, int slots)
    {
        AttentionState* block = stackalloc AttentionState[BlockQueries];
        for (int i = 0; i < count;)
        {
            int width = !Isa.Avx2 || count - i == 1 ? 1 : Isa.Avx512 && count - i > 5 ? BlockQueries : 4;
            Fill(block, width, states + i, count - i, spare);
            if (!Isa.Avx2)
                Scalar(block[0], page, slots);
            else if (Isa.Avx512)
                Lanes<Lanes512>(block, width, page, slots);
            else
                Lanes<Lanes256>(block, width, page, slots);
            i += width;
            page = page.WithoutAhead();
        }
    }

    /// <summary>Adds two pages, one after the other, to the folds of queries that see all of both: the same bits as <see cref="Page"/> twice.</summary>
    /// <param name="states">(count) the folds, with their queries.</param>
    /// <param name="count">Queries, see <see cref="TakesPairs"/>.</param>
    /// <param name="spare">A fold that nobody reads; its query is finite.</param>
    /// <param name="first">Keys (head_dim, 16) and values (16, stride).</param>
    /// <param name="second">The page after it.</param>
    [SkipLocalsInit]
    public static void Pair(AttentionState* states, int count, AttentionState spare, AttentionPage first, AttentionPage second)
    {
        AttentionState* block = stackalloc AttentionState[BlockQueries];
        Fill(block, BlockQueries, states, count, spare);
        if (first.Halves)
            Pair<Lanes512, ushort>(block, first, second);
        else
            Pair<Lanes512, float>(block, first, second);
    }

    /// <summary>For pages of float32.</summary>
    public static void Scalar(AttentionState state, AttentionPage page, int slots)
    {
        float* p = stackalloc float[Slots];
        float* query = state.Query(page.ValueStride), keys = (float*)page.Keys, values = (float*)page.Values;
        float max = float.NegativeInfinity;
        for (int slot = 0; slot < slots; slot++)
        {
            float dot = 0;
            for (int d = 0; d < page.HeadDim; d++)
                dot += query[d] * keys[(d * Slots) + slot];
            p[slot] = dot;
            max = MathF.Max(max, dot);
        }

        if (max > *state.Level + Slack)
            ScalarTake(state, MathF.Exp(*state.Level - max), max, page.ValueStride);
        for (int slot = 0; slot < slots; slot++)
        {
            p[slot] = MathF.Exp(p[slot] - *state.Level);
            state.Sums[slot] += p[slot];
        }

        for (int d = 0; d < page.HeadDim; d++)
        {
            for (int slot = 0; slot < slots; slot++)
                state.Output[d] += p[slot] * values[(slot * page.ValueStride) + d];
        }
    }

    /// <summary>Adds the fold of the stretch that follows.</summary>
    public static void Merge(AttentionState total, AttentionState next, int valueStride)
    {
        if (next.IsEmpty)
            return;
        if (total.IsEmpty)
            total.CopyFoldFrom(next, valueStride);
        else if (Isa.Avx512)
            MergeLanes<Lanes512>(total, next, valueStride);
        else if (Isa.Avx2)
            MergeLanes<Lanes256>(total, next, valueStride);
        else
            ScalarMerge(total, next, valueStride);
    }

    /// <summary>Sum of exp(score - level).</summary>
    public static float Sum(AttentionState state)
    {
        if (Isa.Avx512)
            return Lanes512.Sum(Lanes512.Load(state.Sums));
        if (Isa.Avx2)
            return Lanes256.Sum(Lanes256.Load(state.Sums));
        float sum = 0;
        for (int i = 0; i < Slots; i++)
            sum += state.Sums[i];
        return sum;
    }

    private static void Fill(AttentionState* block, int width, AttentionState* states, int count, AttentionState spare)
    {
        for (int i = 0; i < width; i++)
            block[i] = i < count ? states[i] : spare;
    }

    private static void ScalarMerge(AttentionState total, AttentionState next, int valueStride)
    {
        float level = MathF.Max(*total.Level, *next.Level);
        float a = MathF.Exp(*total.Level - level);
        float b = MathF.Exp(*next.Level - level);
        *total.Level = level;
        for (int i = 0; i < Slots; i++)
            total.Sums[i] = (total.Sums[i] * a) + (next.Sums[i] * b);
        for (int i = 0; i < valueStride; i++)
            total.Output[i] = (total.Output[i] * a) + (next.Output[i] * b);
    }

    private static void ScalarTake(AttentionState state, float factor, float level, int valueStride)
    {
        *state.Level = level;
        for (int i = 0; i < Slots; i++)
            state.Sums[i] *= factor;
        for (int i = 0; i < valueStride; i++)
            state.Output[i] *= factor;
    }
}
