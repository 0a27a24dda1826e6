using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Weights in panels, vector kernels chosen at start, operations shared by <see cref="RowWorkers"/>.</summary>
/// <param name="threads">That share an operation, the caller's included.</param>
/// <param name="kernels">
/// Those assembled at start, used where the processor and the host have them; activations that meet bfloat16 weights are then rounded to bfloat16.
/// The choice is made once and for all products, so it never depends on the rows of a step. Null for none.
/// </param>
/// <param name="evenSlow">Also those that this processor is slower with than with intrinsics.</param>
internal sealed unsafe class CpuBackend(int threads, AssembledKernels? kernels = null, bool evenSlow = false) : IBackend
{
    // Elements below which waking the other workers costs more than they save.
    private const int SmallestShared = 16_384;

    // An element of the gated activation takes as long as so many others.
    private const long ElementsOfSilu = 4;

    // One of an embedding waits for a cache line of its own.
    private const long ElementsOfEmbed = 16;

    // The same for products, in multiply-adds: of assembled tiles and of bytes, and of the others.
    private const long SmallestSharedBytes = 200_000, SmallestSharedFloats = 100_000;
    private const int MaxHeadDim = 1024;

    /// <summary>In the name of a backend with assembled kernels for products with bfloat16: its answers may differ from those without in the last bits.</summary>
    public const string BFloat16Kernels = "-bf16";

    /// <summary>The same for products of bytes, which are exact either way.</summary>
    public const string Int8Kernels = "-int8";

    /// <summary>At the end of the name: the host let memory be made executable for products with bfloat16, and then not for attention.</summary>
    public const string NoAttentionKernels = "-noattention";

    // Floats per worker: attention and the head take turns.
    private static readonly int _scratchFloats = Math.Max(AttentionWork.ScratchFloats(MaxHeadDim), HeadScratch.Floats);

    private readonly RowWorkers _workers = new(threads);
    private readonly NativeBuffer _scratch = new(64 + ((long)threads * _scratchFloats * sizeof(float)), clear: false);

    public string Name => "cpu/" + Isa.Name + (_pairTiles is null && _byteTiles is null ? "" : "+assembled")
        + (_pairTiles is null ? "" : BFloat16Kernels) + (_byteTiles is null ? "" : Int8Kernels) + (_pairTiles is null || _attentionTiles is not null ? "" : NoAttentionKernels);

    public string? Refusal => kernels?.Refusal;

    private readonly TileSet? _pairTiles = evenSlow || TileSet.Pays(TileKind.BFloat16) ? kernels?.Tiles(TileKind.BFloat16) : null;
    private readonly AttentionTiles? _attentionTiles = evenSlow || TileSet.Pays(TileKind.BFloat16) ? kernels?.Attention : null;
    private readonly TileSet? _byteTiles = kernels?.Tiles(TileKind.Int8);
    private NativeBuffer _codes = new(0);

    public long PackedBytes(DataType type, WeightFormat format, int rows, int columns) => format switch
    {
        WeightFormat.Int8 => Int8Panels.Bytes(rows, columns),
        WeightFormat.Int4 => Int4Panels.Bytes(rows, columns),
        _ => type == DataType.BFloat16 && _pairTiles is not null ? PairPanels.Bytes(rows, columns) : PanelPacker.Bytes(type, rows, columns),
    };

    public long ScratchBytes(WeightFormat format, int rows, int inputs) => format == WeightFormat.Stored
        ? _pairTiles is null ? 0 : CodeRows.Bytes(rows, RowBytes(RowForm.Pairs, inputs))
        : CodeRows.Bytes(rows, RowBytes(FormOf(format, paired: false), inputs));

    public void Reserve(WeightFormat format, int rows, int inputs) => ReserveCodes(ScratchBytes(format, rows, inputs));

    public WeightMatrix Pack(ReadOnlySpan<TensorView> parts, WeightFormat format) => format switch
    {
        WeightFormat.Int8 => Int8Panels.Pack(parts),
        WeightFormat.Int4 => Int4Panels.Pack(parts),
        _ => _pairTiles is not null && AllBFloat16(parts) ? PairPanels.Pack(parts) : PanelPacker.Pack(parts),
    };

    public void Embed(int* tokens, WeightMatrix table, Matrix y) =>
        Share(new EmbedWork { Tokens = tokens, Table = table, Y = y }, ElementsOfEmbed * y.Rows * y.Columns);

    public void RmsNorm(Matrix x, float* weight, float eps, Matrix y, WeightMatrix? next = null) =>
        Share(new RmsNormWork { X = x, Weight = weight, Eps = eps, Y = y, Coder = Coder(x.Rows, next) }, (long)x.Rows * x.Columns);

    public void AddRmsNorm(Matrix x, Matrix delta, float* weight, float eps, Matrix y, WeightMatrix? next = null) =>
        Share(
            new RmsNormWork { X = x, Delta = delta.Data, DeltaStride = delta.Stride, Weight = weight, Eps = eps, Y = y, Coder = Coder(x.Rows, next) },
            (long)x.Rows * x.Columns);

    public void MatMul(Matrix x, WeightMatrix weights, Matrix y, bool prepared = false) => Product(x, weights, y, prepared, null);

    public void Head(Matrix x, WeightMatrix head, Matrix logits, TopLogit* largest)
    {
        for (int start = 0; start < x.Rows; start += HeadScratch.MostRows)
        {
            int rows = Math.Min(HeadScratch.MostRows, x.Rows - start);
            Matrix whole = new(logits.Row(start), Math.Clamp(logits.Rows - start, 0, rows), logits.Columns, logits.Stride);
            Matrix part = new(x.Row(start), rows, x.Columns, x.Stride);
            Product(part, head, whole, false, whole.Rows == rows ? null : largest + Math.Max(0, start - logits.Rows));
        }
    }

    public void RotateAndStore(StepLayout step, Matrix queries, Matrix keys, Matrix values, KvPages pages, int layer) =>
        Share(
            new RopeWork { Step = step, Queries = queries, Keys = keys, Values = values, Pages = pages, Layer = layer },
            (long)step.Rows * (queries.Columns + (2 * keys.Columns)));

    public void Attend(StepLayout step, Matrix queries, KvPages pages, int layer, Matrix y)
    {
        AttentionWork work = new()
        {
            Step = step,
            Groups = step.Groups,
            Queries = queries,
            Pages = pages,
            Tiles = _pairTiles is null ? null : _attentionTiles,
            Layer = layer,
            Y = y,
            Scratch = _scratch.Floats + 16,
            Next = (int*)_scratch.Data,
        };
        long positions = 0;
        for (int row = 0; row < step.Rows; row++)
            positions += step.Positions[row] + 1;
        for (int level = 0; level < (step.Groups?.Levels ?? 0); level++)
            Attend(work, level, positions * queries.Columns);
        Attend(work, AttentionWork.Tails, positions * queries.Columns);
    }

    public void SiluMultiply(Matrix gate, Matrix up, Matrix y, WeightMatrix? next = null) =>
        Share(new SiluWork { Gate = gate, Up = up, Y = y, Coder = Coder(gate.Rows, next) }, ElementsOfSilu * gate.Rows * gate.Columns);

    public void Dispose()
    {
        _workers.Dispose();
        _scratch.Dispose();
        _codes.Dispose();
    }

    private void Attend(AttentionWork work, int level, long elements)
    {
        work.Level = level;
        *work.Next = 0;
        Share(work, elements);
    }

    // With largest, y has the first rows only.
    private void Product(Matrix x, WeightMatrix weights, Matrix y, bool prepared, TopLogit* largest)
    {
        RowForm form = FormOf(weights.Format, weights.Paired);
        CodeRows codes = Codes(x.Rows, weights, form);
        if (form != RowForm.Floats && !prepared)
            Share(new RowCoderWork { X = x.Slice(0, weights.Inputs), Coder = new RowCoder(form, codes) }, (long)x.Rows * weights.Inputs);
        if (weights.Format == WeightFormat.Int8)
            ProductOfBytes(codes, x.Rows, weights, y, largest);
        else if (form == RowForm.Pairs)
            RunTiles(_pairTiles!, codes, x.Rows, weights, 0, PairPanels.PanelBytes(weights.Inputs), PairPanels.Lines(weights.Inputs), y, largest);
        else
            ShareProduct(GemmKernel.Work(x, weights, y), weights, SmallestSharedFloats, y, largest);
    }

    private RowForm FormOf(WeightFormat format, bool paired) =>
        format != WeightFormat.Int8 ? (paired ? RowForm.Pairs : RowForm.Floats) : _byteTiles is null ? Int8Kernel.Rows : RowForm.Bytes;

    private static int RowBytes(RowForm form, int inputs) => form switch
    {
        RowForm.Bytes => Int8Panels.Lines(inputs) * 4,
        RowForm.Words => Int8Panels.Lines(inputs) * 4 * sizeof(short),
        _ => PairPanels.Lines(inputs) * 4,
    };

    private RowCoder Coder(int rows, WeightMatrix? next)
    {
        if (next is null)
            return default;
        RowForm form = FormOf(next.Format, next.Paired);
        return new RowCoder(form, Codes(rows, next, form));
    }

    // Where activations of so many rows lie while a product with these weights reads them.
    private CodeRows Codes(int rows, WeightMatrix weights, RowForm form)
    {
        if (form == RowForm.Floats)
            return default;
        int bytes = RowBytes(form, weights.Inputs);
        ReserveCodes(CodeRows.Bytes(rows, bytes));
        return new CodeRows(_codes.Data, rows, bytes);
    }

    private void ProductOfBytes(CodeRows codes, int rows, WeightMatrix weights, Matrix y, TopLogit* largest)
    {
        if (_byteTiles is not null && weights.Inputs > 0) // a tile has a line at least
        {
            RunTiles(_byteTiles, codes, rows, weights, Int8Panels.Heading, Int8Panels.PanelBytes(weights.Inputs), Int8Panels.Lines(weights.Inputs), y, largest);
            return;
        }

        Int8Work work = new()
        {
            X = codes,
            Rows = rows,
            Lines = Int8Panels.Lines(weights.Inputs),
            Weights = weights.Buffer.Data,
            PanelBytes = Int8Panels.PanelBytes(weights.Inputs),
            Panels = weights.PaddedOutputs / PanelPacker.Width,
            Y = y.Data,
            YStride = y.Stride,
        };
        ShareProduct(work, weights, SmallestSharedBytes, y, largest);
    }

    private void RunTiles(TileSet tiles, CodeRows x, int rows, WeightMatrix weights, int heading, nint panelBytes, int lines, Matrix y, TopLogit* largest)
    {
        TileWork work = new()
        {
            Tiles = tiles,
            X = x,
            Rows = rows,
            Lines = lines,
            Weights = weights.Buffer.Data + heading,
            PanelBytes = panelBytes,
            Panels = weights.PaddedOutputs / PanelPacker.Width,
            Y = y.Data,
            YStride = y.Stride,
        };
        ShareProduct(work, weights, SmallestSharedBytes, y, largest);
    }

    private void ShareProduct<TWork>(TWork work, WeightMatrix weights, long smallest, Matrix y, TopLogit* largest)
        where TWork : struct, IPanelWork
    {
        bool shared = (long)work.Rows * weights.Inputs * weights.Outputs >= smallest;
        if (largest is null)
        {
            RunOrShare(work, shared);
            return;
        }

        HeadWork<TWork> head = new() { Product = work, Outputs = weights.Outputs, Logits = y, Scratch = _scratch.Floats + 16, ScratchStride = _scratchFloats };
        RunOrShare(head, shared);
        head.Merge(shared ? _workers.Count : 1, largest);
    }

    private void RunOrShare<TWork>(TWork work, bool shared)
        where TWork : struct, IWork
    {
        if (shared)
            _workers.Run(work);
        else
            work.Run(0, 1);
    }

    private static bool AllBFloat16(ReadOnlySpan<TensorView> parts)
    {
        foreach (TensorView part in parts)
        {
            if (part.Type != DataType.BFloat16)
                return false;
        }

        return parts[0].Columns > 0;
    }

    private void ReserveCodes(long bytes)
    {
        if (bytes <= _codes.Bytes)
            return;
        _codes.Dispose();
        _codes = new NativeBuffer(bytes, clear: false);
    }

    private void Share<TWork>(TWork work, long elements)
        where TWork : struct, IWork => RunOrShare(work, elements >= SmallestShared);
}
