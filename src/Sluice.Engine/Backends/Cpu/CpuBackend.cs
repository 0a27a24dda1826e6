using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Weights in panels, vector kernels chosen at start, operations shared by <see cref="RowWorkers"/>.</summary>
internal sealed unsafe class CpuBackend(int threads) : IBackend
{
    // Elements below which waking the other workers costs more than they save.
    private const int SmallestShared = 16_384;
    private const int MaxHeadDim = 1024;

    private readonly RowWorkers _workers = new(threads);
    private readonly NativeBuffer _scratch = new(64 + ((long)threads * AttentionWork.ScratchFloats(MaxHeadDim) * sizeof(float)), clear: false);

    public string Name { get; } = "cpu/" + Isa.Name;

    public long PackedBytes(DataType type, int rows, int columns) => PanelPacker.Bytes(type, rows, columns);

    public WeightMatrix Pack(ReadOnlySpan<TensorView> parts) => PanelPacker.Pack(parts);

    public void Embed(int* tokens, WeightMatrix table, Matrix y) => EmbedKernel.Run(tokens, table, y);

    public void RmsNorm(Matrix x, float* weight, float eps, Matrix y) =>
        Share(new RmsNormWork { X = x, Weight = weight, Eps = eps, Y = y }, x.Rows * x.Columns);

    public void AddRmsNorm(Matrix x, Matrix delta, float* weight, float eps, Matrix y) =>
        Share(new RmsNormWork { X = x, Delta = delta.Data, DeltaStride = delta.Stride, Weight = weight, Eps = eps, Y = y }, x.Rows * x.Columns);

    public void MatMul(Matrix x, WeightMatrix weights, Matrix y) => GemmKernel.Run(_workers, x, weights, y);

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
