using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// The form for bfloat16 pages where the processor multiplies pairs of them: queries and weights are rounded to bfloat16, to nearest and ties to even, and so
/// are the weights that are summed. A score is one chain over the head, an output one over the slots.
/// </summary>
internal static unsafe partial class AttentionKernel
{
    /// <summary>Floats of <see cref="AttentionRun.Room"/>.</summary>
    public const int RunRoom = AttentionAssembler.MostRows * Stride * 3 / 2;

    private const int Stride = PrefixGroups.StretchPages * Slots; // scores and weights from query to query

    /// <summary>Adds pages to the folds of queries that see some or all of each of them.</summary>
    /// <param name="tiles">What computes.</param>
    /// <param name="states">(count) the folds one after another in memory, each with its query as bfloat16.</param>
    /// <param name="queries">(count) for what they see.</param>
    /// <param name="count">Queries, 1 to <see cref="AttentionAssembler.MostRows"/>.</param>
    /// <param name="run">The pages, which one query at least sees some of.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(AttentionTiles tiles, AttentionState* states, AttentionQuery* queries, int count, AttentionRun run)
    {
        float* scores = run.Room;
        ushort* weights = (ushort*)(scores + (AttentionAssembler.MostRows * Stride));
        Scores(tiles, states, count, run, scores);
        int done = 0, most = 0;
        for (int page = 0; page < run.Pages; page++)
        {
            int start = run.Start + (page * Slots);
            most = 0;
            for (int i = 0; i < count; i++)
                most = Math.Max(most, Math.Min(queries[i].Seen - start, Slots));
            for (int i = Weigh(states, queries, 0, count, start, scores + (page * Slots), weights + (page * Slots)); i < count;)
            {
                if (page > done)
                    Values(tiles, states, count, run, weights, done, page, Slots);
                done = page;
                Lanes512 above = Seen(scores + (i * Stride) + (page * Slots), queries[i].Seen - start);
                Raise<Lanes512>(states[i], Lanes512.MaxAcross(above), run.ValueStride);
                i = Weigh(states, queries, i, count, start, scores + (page * Slots), weights + (page * Slots));
            }
        }

        Values(tiles, states, count, run, weights, done, run.Pages, most);
    }

    // Scores of one page to weights, query by query; stops at the first whose level has to rise before, and returns it, or the count. No call within the loop:
    // what a vector register holds would go through the stack.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Weigh(AttentionState* states, AttentionQuery* queries, int from, int count, int start, float* scores, ushort* weights)
    {
        for (int i = from; i < count; i++)
        {
            int slots = queries[i].Seen - start;
            ushort* target = weights + (i * Stride);
            if (slots <= 0)
            {
                Vector256<ushort>.Zero.Store(target);
                continue;
            }

            Lanes512 s = Seen(scores + (i * Stride), slots);
            float level = *states[i].Level;
            if (Lanes512.AnyAbove(s, level + Slack))
            {
                if (!states[i].IsEmpty)
                    return i;
                level = *states[i].Level = Lanes512.MaxAcross(s);
            }

            s = Exponential.Rough(Lanes512.Add(s, Lanes512.Splat(-level)));
            if (slots < Slots)
                s = Lanes512.First(s, slots, Lanes512.Splat(0));
            s = s.Narrowed();
            s.StoreHalves(target);
            Lanes512.Add(Lanes512.Load(states[i].Sums), s).Store(states[i].Sums);
        }

        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Lanes512 Seen(float* scores, int slots) =>
        slots < Slots ? Lanes512.First(Lanes512.Load(scores), slots, Lanes512.Splat(float.NegativeInfinity)) : Lanes512.Load(scores);

    private static void Scores(AttentionTiles tiles, AttentionState* states, int count, AttentionRun run, float* scores)
    {
        int several = AttentionAssembler.PagesOf(count);
        ScoreArguments arguments = new()
        {
            Queries = (byte*)states[0].Query(run.ValueStride),
            QueryStride = AttentionState.Stride(run.ValueStride) * sizeof(float),
            Lines = run.HeadDim / 2,
            ScoreStride = Stride * sizeof(float),
        };
        for (int page = 0, width; page < run.Pages; page += width)
        {
            width = page + several <= run.Pages ? several : 1;
            for (int i = 0; i < width; i++)
            {
                arguments.Keys[i] = (long)run.Keys[page + i];
                arguments.Ahead[i] = (long)(AttentionAssembler.LinesAhead(count) == 1 ? run.Values(page + i) : run.Keys[page + i + several]);
            }

            arguments.Scores = scores + (page * Slots);
            tiles.Scores(count, width > 1, run.BringAhead, &arguments);
        }
    }

    // Pages [from, to), of the last of them so many slots.
    private static void Values(AttentionTiles tiles, AttentionState* states, int count, AttentionRun run, ushort* weights, int from, int to, int slots)
    {
        byte** values = stackalloc byte*[2 * PrefixGroups.StretchPages];
        for (int page = from; page < to; page++)
        {
            values[page] = run.Values(page);
            values[page + PrefixGroups.StretchPages] = run.Later[page];
        }

        ValueArguments arguments = new()
        {
            WeightStride = Stride * sizeof(ushort),
            LineBytes = run.ValueStride * 2 * sizeof(ushort),
            OutputStride = AttentionState.Stride(run.ValueStride) * sizeof(float),
        };
        int whole = slots == Slots ? to : to - 1;
        for (int column = 0, width; column < run.ValueStride; column += width * Slots)
        {
            width = AttentionAssembler.ColumnsOf(count);
            while (column + (width * Slots) > run.ValueStride)
                width /= 2;
            arguments.Column = column * sizeof(float);
            arguments.Outputs = states[0].Output + column;
            if (whole > from)
            {
                arguments.Weights = (byte*)(weights + (from * Slots));
                arguments.Values = values + from;
                (arguments.Pages, arguments.Pairs, arguments.Odd) = (whole - from, Slots / 2, 0);
                tiles.Values(count, width, run.BringAhead, &arguments);
            }

            if (whole < to)
            {
                arguments.Weights = (byte*)(weights + (whole * Slots));
                arguments.Values = values + whole;
                (arguments.Pages, arguments.Pairs, arguments.Odd) = (1, slots / 2, slots % 2);
                tiles.Values(count, width, run.BringAhead, &arguments);
            }
        }
    }
}

/// <summary>Neighbouring pages of one stretch, of bfloat16.</summary>
internal readonly unsafe struct AttentionRun
{
    /// <summary>Pages of a whole stretch, and two more.</summary>
    public const int Blocks = PrefixGroups.StretchPages + 2;

    /// <summary>(pages, and 2 more) where each begins, and behind them those that come next, or any.</summary>
    public byte** Keys { get; init; }

    /// <summary>(pages) where those begin that nobody has asked for yet, or any.</summary>
    public byte** Later { get; init; }

    public int Pages { get; init; }

    /// <summary>Position of the first slot.</summary>
    public int Start { get; init; }

    public int HeadDim { get; init; }
    public int ValueStride { get; init; }

    /// <summary>Brings values and the pages that come next into the second-level cache, see <see cref="AttentionAssembler.LinesAhead"/>.</summary>
    public bool BringAhead { get; init; }

    /// <summary>(<see cref="AttentionKernel.RunRoom"/>) for scores and weights.</summary>
    public float* Room { get; init; }

    /// <summary>Where the values of a page begin.</summary>
    public byte* Values(int page) => Keys[page] + ((nint)HeadDim * StepPlan.PageTokens * sizeof(ushort));
}
