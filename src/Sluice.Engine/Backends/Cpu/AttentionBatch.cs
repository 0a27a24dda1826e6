using System.Numerics.Tensors;
using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>One query of a batch.</summary>
/// <param name="query">(head_dim)</param>
/// <param name="result">(head_dim)</param>
/// <param name="seen">Positions that it sees.</param>
/// <param name="folds">Its folds among those of the prefix groups; null without.</param>
internal readonly unsafe struct AttentionQuery(float* query, float* result, int seen, float* folds)
{
    public float* Query { get; } = query;
    public float* Result { get; } = result;
    public int Seen { get; } = seen;
    public float* Folds { get; } = folds;
}

/// <summary>Which pages a batch goes over, and what it continues and leaves behind.</summary>
/// <param name="KvHead">Of all queries.</param>
/// <param name="From">First page.</param>
/// <param name="To">Page after the last; <see cref="int.MaxValue"/> goes on to each query's own position and writes its result.</param>
/// <param name="Ready">Folds per query that it continues.</param>
/// <param name="Stretch">The stretch whose fold it leaves; -1 leaves that of all stretches before the last and that of the last.</param>
internal readonly record struct AttentionRange(int KvHead, int From, int To, int Ready, int Stretch);

/// <summary>Pages that the same worker goes over next: brought into the cache behind the last of its own.</summary>
/// <param name="pages">The table of them; null for none.</param>
/// <param name="kvHead">Of all.</param>
/// <param name="from">First page.</param>
/// <param name="to">Page after the last, above <paramref name="from"/>.</param>
internal readonly unsafe struct AttentionAhead(int* pages, int kvHead, int from, int to)
{
    public bool IsNone => pages is null;

    /// <summary>The page so many behind the first, or the last.</summary>
    public byte* Block(KvPages of, int layer, int page) => of.Block(layer, pages[Math.Min(from + page, to - 1)], kvHead);
}

/// <summary>Queries that go over pages together, in one worker's scratch memory.</summary>
internal unsafe struct AttentionBatch
{
    public const int MaxQueries = 64;

    private readonly KvPages _pages;
    private readonly int _layer;
    private readonly AttentionQuery* _queries; // (MaxQueries)
    private readonly AttentionState* _states; // (MaxQueries + 1) of the stretch, with the queries; the last of those in use is spare
    private readonly AttentionState* _totals; // (MaxQueries) of the stretches before
    private readonly int _stride; // floats of an output
    private readonly float* _room; // (pages of a stretch) those that are not kept as float32; what tiles need
    private readonly AttentionTiles? _tiles;
    private int _count;
    private int _brought; // pages of the range that were asked for by what ran before it

    public AttentionBatch(KvPages pages, int layer, AttentionTiles? tiles, float* scratch, AttentionQuery* queries, AttentionState* states)
    {
        _pages = pages;
        _tiles = pages.Format == KvFormat.BFloat16 ? tiles : null;
        _layer = layer;
        _queries = queries;
        _states = states;
        _totals = states + MaxQueries + 1;
        _stride = pages.ValueStride;
        int floats = AttentionState.Stride(_stride);
        for (int i = 0; i < (2 * MaxQueries) + 1; i++)
            states[i] = new AttentionState(scratch + (i * floats));
        new Span<float>(scratch + (MaxQueries * floats), floats).Clear();
        _room = scratch + (((2 * MaxQueries) + 1) * floats);
    }

    public AttentionRange Range { get; set; }

    public static int ScratchFloats(int valueStride) => (((2 * MaxQueries) + 1) * AttentionState.Stride(valueStride)) + (PrefixGroups.StretchPages * 2 * StepPlan.PageTokens * valueStride);

    /// <summary>Adds a query; a full batch is run.</summary>
    /// <param name="query">With the batch's KV head.</param>
    /// <param name="pages">Its page table, which it has in common with the others over the range.</param>
    public void Add(AttentionQuery query, int* pages)
    {
        _queries[_count++] = query;
        if (_count == MaxQueries)
            Flush(pages, default);
    }

    /// <summary>Runs what was added.</summary>
    public void Flush(int* pages, AttentionAhead ahead)
    {
        if (_count == 0)
            return;
        for (int i = 0; i < _count; i++)
            Begin(i);
        int last = Range.To;
        for (int i = 0; i < _count && Range.To == int.MaxValue; i++)
            last = Math.Max(i == 0 ? 0 : last, (_queries[i].Seen + StepPlan.PageTokens - 1) / StepPlan.PageTokens);
        AttentionPage* run = stackalloc AttentionPage[PrefixGroups.StretchPages];
        byte** blocks = stackalloc byte*[AttentionRun.Blocks], later = stackalloc byte*[PrefixGroups.StretchPages];
        int brought = Range.From + _brought;
        for (int page = Range.From, end; page < last; page = end)
        {
            if (page % PrefixGroups.StretchPages == 0)
                EndStretch();
            end = Math.Min(last, ((page / PrefixGroups.StretchPages) + 1) * PrefixGroups.StretchPages);
            brought = Math.Max(brought, end);
            for (int i = page; i < end + AttentionRun.Blocks - PrefixGroups.StretchPages; i++)
                blocks[i - page] = Block(pages, i, last, ahead);
            if (_tiles is not null)
            {
                for (int i = page; i < end; i++)
                    later[i - page] = Block(pages, brought++, last, ahead);
                RunTiles(blocks, later, page, end);
                continue;
            }

            for (int i = 0; i < end - page; i++)
                run[i] = Page(pages[page + i], (nint)(blocks[i + 1] - blocks[i]), _room + (i * _pages.PageFloats));
            for (int first = 0; first < _count; first += AttentionKernel.BlockQueries)
                RunBlock(first, Math.Min(_count - first, AttentionKernel.BlockQueries), run, end - page, page * StepPlan.PageTokens);
        }

        for (int i = 0; i < _count; i++)
            End(i);
        _brought = ahead.IsNone || AttentionAssembler.LinesAhead(_count) > 1 ? 0 : Math.Max(0, brought - last);
        _count = 0;
    }

    private readonly byte* Block(int* pages, int page, int last, AttentionAhead ahead) =>
        page < last || ahead.IsNone ? _pages.Block(_layer, pages[Math.Min(page, last - 1)], Range.KvHead) : ahead.Block(_pages, _layer, page - last);

    private readonly AttentionPage Page(int page, nint ahead, float* room)
    {
        int values = StepPlan.PageTokens * _pages.HeadDim;
        if (_pages.Format == KvFormat.BFloat16 && Isa.Avx2)
        {
            ushort* halves = _pages.Halves(_layer, page, Range.KvHead);
            return new AttentionPage(halves, halves + values, true, _pages.HeadDim, _stride, ahead);
        }

        float* floats = KvReader.Read(_pages, _layer, page, Range.KvHead, room, ahead);
        return new AttentionPage(floats, floats + values, false, _pages.HeadDim, _stride, _pages.Format == KvFormat.Float32 ? ahead : 0);
    }

    private readonly void Begin(int i)
    {
        AttentionState state = _states[i];
        ReadOnlySpan<float> query = new(_queries[i].Query, _pages.HeadDim);
        TensorPrimitives.Multiply(query, 1 / MathF.Sqrt(_pages.HeadDim), new Span<float>(state.Query(_stride), _pages.HeadDim));
        if (_tiles is not null)
            BFloat16Rows.Row(state.Query(_stride), _pages.HeadDim, (ushort*)state.Query(_stride)); // where it is: what is written has been read
        _totals[i].Clear(_stride);
        for (int fold = 0; fold < Range.Ready - 1; fold++)
            AttentionKernel.Merge(_totals[i], Fold(i, fold), _stride);
        if (Range.Ready == 0)
            state.Clear(_stride);
        else
            state.CopyFoldFrom(Fold(i, Range.Ready - 1), _stride);
    }

    private readonly void EndStretch()
    {
        for (int i = 0; i < _count; i++)
        {
            AttentionKernel.Merge(_totals[i], _states[i], _stride);
            _states[i].Clear(_stride);
        }
    }

    private readonly void End(int i)
    {
        AttentionState state = _states[i], total = _totals[i];
        if (Range.Stretch >= 0)
        {
            Fold(i, Range.Stretch).CopyFoldFrom(state, _stride);
            return;
        }

        if (Range.To < int.MaxValue)
        {
            Fold(i, 0).CopyFoldFrom(total, _stride);
            Fold(i, 1).CopyFoldFrom(state, _stride);
            return;
        }

        AttentionKernel.Merge(total, state, _stride);
        Span<float> result = new(_queries[i].Result, _pages.HeadDim);
        TensorPrimitives.Divide(new ReadOnlySpan<float>(total.Output, _pages.HeadDim), AttentionKernel.Sum(total), result);
    }

    private readonly AttentionState Fold(int i, int fold) => new(_queries[i].Folds + (fold * AttentionState.FoldFloats(_stride)));

    // In blocks as equal as can be; of each, pages that one of its queries sees.
    private readonly void RunTiles(byte** pages, byte** later, int from, int to)
    {
        int blocks = (_count + AttentionAssembler.MostRows - 1) / AttentionAssembler.MostRows;
        for (int block = 0, first = 0, next; block < blocks; block++, first = next)
        {
            next = _count * (block + 1) / blocks;
            int seen = 0;
            for (int i = first; i < next; i++)
                seen = Math.Max(seen, _queries[i].Seen);
            AttentionRun run = new()
            {
                Keys = pages,
                Later = later,
                Pages = Math.Min(to, (seen + StepPlan.PageTokens - 1) / StepPlan.PageTokens) - from,
                Start = from * StepPlan.PageTokens,
                HeadDim = _pages.HeadDim,
                ValueStride = _stride,
                BringAhead = block == 0,
                Room = _room,
            };
            if (run.Pages > 0)
                AttentionKernel.Run(_tiles!, _states + first, _queries + first, next - first, run);
        }
    }

    // A few queries over some pages: they stay in the nearest cache, and the pages in the next for the other queries.
    private readonly void RunBlock(int first, int count, AttentionPage* pages, int pageCount, int start)
    {
        int seen = int.MaxValue; // by all of them
        for (int i = first; i < first + count; i++)
            seen = Math.Min(seen, _queries[i].Seen);
        for (int page = 0; page < pageCount; page++, start += StepPlan.PageTokens)
        {
            AttentionPage next = first == 0 ? pages[page] : pages[page].WithoutAhead();
            if (page + 1 < pageCount && start + (2 * StepPlan.PageTokens) <= seen && AttentionKernel.TakesPairs(count))
            {
                AttentionKernel.Pair(_states + first, count, _states[MaxQueries], next, first == 0 ? pages[page + 1] : pages[page + 1].WithoutAhead());
                page++;
                start += StepPlan.PageTokens;
            }
            else if (start + StepPlan.PageTokens <= seen)
            {
                AttentionKernel.Page(_states + first, count, _states[MaxQueries], next, StepPlan.PageTokens);
            }
            else
            {
                RunPage(first, first + count, next, start);
            }
        }
    }

    // Neighbours that see as many slots go together.
    private readonly void RunPage(int from, int to, AttentionPage page, int start)
    {
        for (int i = from; i < to;)
        {
            int slots = Slots(i, start);
            int run = 1;
            while (i + run < to && Slots(i + run, start) == slots)
                run++;
            if (slots > 0)
                AttentionKernel.Page(_states + i, run, _states[MaxQueries], page, slots);
            i += run;
        }
    }

    private readonly int Slots(int i, int start) => Math.Min(_queries[i].Seen - start, StepPlan.PageTokens);
}
