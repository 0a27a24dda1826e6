using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Weights in panels, vector kernels chosen at start, operations shared by <see cref="RowWorkers"/>.</summary>
/// <param name="threads">That share an operation, the caller's included.</param>
/// <param name="assembled">
/// Use the kernels assembled at start where the processor and the host have them; activations that meet bfloat16 weights are then rounded to bfloat16.
/// The choice is made once and for all products, so it never depends on the rows of a step.
/// </param>
internal sealed unsafe class CpuBackend(int threads, bool assembled = false) : IBackend
{
    // Elements below which waking the other workers costs more than they save.
    private const int SmallestShared = 16_384;

    // The same for products of bytes, in multiply-adds.
    private const long SmallestSharedBytes = 200_000;
    private const int MaxHeadDim = 1024;

    private readonly RowWorkers _workers = new(threads);
    private readonly NativeBuffer _scratch = new(64 + ((long)threads * AttentionWork.ScratchFloats(MaxHeadDim) * sizeof(float)), clear: false);

    public string Name => "cpu/" + Isa.Name + (_pairTiles is not null || _byteTiles is not null ? "+assembled" : "");

    private readonly TileSet? _pairTiles = assembled ? TileSet.Of(TileKind.BFloat16) : null;
    private readonly TileSet? _byteTiles = assembled ? TileSet.Of(TileKind.Int8) : null;
    private NativeBuffer _codes = new(0);

    public long PackedBytes(DataType type, WeightFormat format, int rows, int columns) => format switch
    {
        WeightFormat.Int8 => Int8Panels.Bytes(rows, columns),
        WeightFormat.Int4 => Int4Panels.Bytes(rows, columns),
        _ => type == DataType.BFloat16 && _pairTiles is not null ? PairPanels.Bytes(rows, columns) : PanelPacker.Bytes(type, rows, columns),
    };

    public long ScratchBytes(WeightFormat format, int rows, int inputs) => format == WeightFormat.Stored
        ? _pairTiles is null ? 0 : CodeRows.Bytes(rows, PairPanels.Lines(inputs) * 4)
        : CodeRows.Bytes(rows, Int8Panels.Lines(inputs) * 4);

    public void Reserve(WeightFormat format, int rows, int inputs) => ReserveCodes(ScratchBytes(format, rows, inputs));

    public WeightMatrix Pack(ReadOnlySpan<TensorView> parts, WeightFormat format) => format switch
    {
        WeightFormat.Int8 => Int8Panels.Pack(parts),
        WeightFormat.Int4 => Int4Panels.Pack(parts),
        _ => _pairTiles is not null && AllBFloat16(parts) ? PairPanels.Pack(parts) : PanelPacker.Pack(parts),
    };

    public void Embed(int* tokens, WeightMatrix table, Matrix y) => EmbedKernel.Run(tokens, table, y);

    public void RmsNorm(Matrix x, float* weight, float eps, Matrix y) =>
        Share(new RmsNormWork { X = x, Weight = weight, Eps = eps, Y = y }, x.Rows * x.Columns);

    public void AddRmsNorm(Matrix x, Matrix delta, float* weight, float eps, Matrix y) =>
        Share(new RmsNormWork { X = x, Delta = delta.Data, DeltaStride = delta.Stride, Weight = weight, Eps = eps, Y = y }, x.Rows * x.Columns);

    public void MatMul(Matrix x, WeightMatrix weights, Matrix y)
    {
        if (weights.Format == WeightFormat.Int8)
            MatMulInt8(x, weights, y);
        else if (weights.Paired)
            MatMulPairs(x, weights, y);
        else
            GemmKernel.Run(_workers, x, weights, y);
    }

    public void RotateAndStore(StepLayout step, Matrix queries, Matrix keys, Matrix values, KvPages pages, int layer) =>
        Share(
            new RopeWork { Step = step, Queries = queries, Keys = keys, Values = values, Pages = pages, Layer = layer },
            step.Rows * (queries.Columns + (2 * keys.Columns)));

    public void Attend(StepLayout step, Matrix queries, KvPages pages, int layer, Matrix y)
    {
        int* next = (int*)_scratch.Data;
        *next = 0;
        AttentionWork work = new()
        {
            Step = step,
            Queries = queries,
            Pages = pages,
            Layer = layer,
            Y = y,
            Scratch = _scratch.Floats + 16,
            Next = next,
        };
        long positions = 0;
        for (int row = 0; row < step.Rows; row++)
            positions += step.Positions[row] + 1;
        Share(work, positions * queries.Columns);
    }

    public void SiluMultiply(Matrix gate, Matrix up, Matrix y) => Share(new SiluWork { Gate = gate, Up = up, Y = y }, gate.Rows * gate.Columns);

    public void Dispose()
    {
        _workers.Dispose();
        _scratch.Dispose();
        _codes.Dispose();
    }

    private void MatMulInt8(Matrix x, WeightMatrix weights, Matrix y)
    {
        int bytes = Int8Panels.Lines(weights.Inputs) * 4;
        ReserveCodes(CodeRows.Bytes(x.Rows, bytes));
        CodeRows codes = new(_codes.Data, x.Rows, bytes);
        Share(new Int8RowsWork { X = x.Slice(0, weights.Inputs), Codes = codes }, x.Rows * weights.Inputs);
        if (_byteTiles is not null)
        {
            RunTiles(_byteTiles, codes, x.Rows, weights, Int8Panels.Heading, Int8Panels.PanelBytes(weights.Inputs), Int8Panels.Lines(weights.Inputs), y);
            return;
        }

        Int8Work work = new()
        {
            X = codes,
            Rows = x.Rows,
            Lines = Int8Panels.Lines(weights.Inputs),
            Weights = weights.Buffer.Data,
            PanelBytes = Int8Panels.PanelBytes(weights.Inputs),
            Panels = weights.PaddedOutputs / PanelPacker.Width,
            Y = y.Data,
            YStride = y.Stride,
        };
        ShareProduct(work, (long)x.Rows * weights.Inputs * weights.Outputs);
    }

    private void MatMulPairs(Matrix x, WeightMatrix weights, Matrix y)
    {
        int lines = PairPanels.Lines(weights.Inputs);
        ReserveCodes(CodeRows.Bytes(x.Rows, lines * 4));
        CodeRows codes = new(_codes.Data, x.Rows, lines * 4);
        Share(new BFloat16RowsWork { X = x.Slice(0, weights.Inputs), Codes = codes }, x.Rows * weights.Inputs);
        RunTiles(_pairTiles!, codes, x.Rows, weights, 0, PairPanels.PanelBytes(weights.Inputs), lines, y);
    }

    private void RunTiles(TileSet tiles, CodeRows x, int rows, WeightMatrix weights, int heading, nint panelBytes, int lines, Matrix y)
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
        ShareProduct(work, (long)rows * weights.Inputs * weights.Outputs);
    }

    private void ShareProduct<TWork>(TWork work, long multiplyAdds)
        where TWork : struct, IWork
    {
        if (multiplyAdds < SmallestSharedBytes)
            work.Run(0, 1);
        else
            _workers.Run(work);
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
        where TWork : struct, IWork
    {
        if (elements < SmallestShared)
            work.Run(0, 1);
        else
            _workers.Run(work);
    }
}
