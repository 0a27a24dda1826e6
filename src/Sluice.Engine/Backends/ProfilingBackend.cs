using System.Diagnostics;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends;

/// <summary>
/// Another backend with a clock around every operation. Only there where a profile is asked for. A step counts where it has the wanted number of rows,
/// so that what it says is about steps of one kind.
/// </summary>
internal sealed unsafe class ProfilingBackend(IBackend inner) : IBackend
{
    /// <summary>The name of <see cref="Attend"/> among the counts.</summary>
    public const string Attention = "attention";

    private readonly Dictionary<WeightMatrix, string> _names = [];
    private readonly Dictionary<string, OperationCount> _counts = [];
    private int _wanted;
    private bool _counting;

    public string Name => inner.Name;

    public string? Refusal => inner.Refusal;

    public IReadOnlyDictionary<string, OperationCount> Counts => _counts;

    /// <summary>Steps counted since <see cref="Reset"/>.</summary>
    public int Steps { get; private set; }

    /// <summary>Forgets all and counts steps of so many rows from now on; 0 for none.</summary>
    public void Reset(int rows)
    {
        _counts.Clear();
        Steps = 0;
        _wanted = rows;
        _counting = false;
    }

    public long PackedBytes(DataType type, WeightFormat format, int rows, int columns) => inner.PackedBytes(type, format, rows, columns);

    public long ScratchBytes(WeightFormat format, int rows, int inputs) => inner.ScratchBytes(format, rows, inputs);

    public void Reserve(WeightFormat format, int rows, int inputs) => inner.Reserve(format, rows, inputs);

    public WeightMatrix Pack(ReadOnlySpan<TensorView> parts, WeightFormat format)
    {
        WeightMatrix packed = inner.Pack(parts, format);
        string name = "";
        foreach (TensorView part in parts)
            name += (name.Length == 0 ? "" : "+") + ShortName(part.Name);
        _names[packed] = name;
        return packed;
    }

    public void Embed(int* tokens, WeightMatrix table, Matrix y)
    {
        _counting = y.Rows == _wanted;
        Steps += _counting ? 1 : 0;
        long start = Stopwatch.GetTimestamp();
        inner.Embed(tokens, table, y);
        Count("embed", start, 0, 2L * y.Rows * y.Columns * sizeof(float));
    }

    public void RmsNorm(Matrix x, float* weight, float eps, Matrix y, WeightMatrix? next = null)
    {
        long start = Stopwatch.GetTimestamp();
        inner.RmsNorm(x, weight, eps, y, next);
        Count("norm", start, 4L * x.Rows * x.Columns, 2 * Bytes(x));
    }

    public void AddRmsNorm(Matrix x, Matrix delta, float* weight, float eps, Matrix y, WeightMatrix? next = null)
    {
        long start = Stopwatch.GetTimestamp();
        inner.AddRmsNorm(x, delta, weight, eps, y, next);
        Count("norm", start, 5L * x.Rows * x.Columns, 4 * Bytes(x));
    }

    public void MatMul(Matrix x, WeightMatrix weights, Matrix y, bool prepared = false)
    {
        long start = Stopwatch.GetTimestamp();
        inner.MatMul(x, weights, y, prepared);
        Count(_names[weights], start, 2L * x.Rows * weights.Inputs * weights.Outputs, weights.Buffer.Bytes, linear: true);
    }

    public void Head(Matrix x, WeightMatrix head, Matrix logits, TopLogit* largest)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Head(x, head, logits, largest);
        Count(_names[head], start, 2L * x.Rows * head.Inputs * head.Outputs, head.Buffer.Bytes, linear: true);
    }

    public void RotateAndStore(StepLayout step, Matrix queries, Matrix keys, Matrix values, KvPages pages, int layer)
    {
        long start = Stopwatch.GetTimestamp();
        inner.RotateAndStore(step, queries, keys, values, pages, layer);
        Count("rotate+store", start, 3L * queries.Rows * (queries.Columns + keys.Columns), 2 * (Bytes(queries) + Bytes(keys) + Bytes(values)));
    }

    public void Attend(StepLayout step, Matrix queries, KvPages pages, int layer, Matrix y)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Attend(step, queries, pages, layer, y);
        long positions = 0;
        long held = 0;
        for (int row = 0; row < step.Rows; row++)
            positions += step.Positions[row] + 1;
        for (int tile = 0; tile < step.Tiles; tile++)
            held += step.Positions[step.TileStart[tile + 1] - 1] + 1;
        held -= step.Groups?.SavedPositions ?? 0;
        Count(Attention, start, 4 * positions * queries.Columns, held * KvPages.BytesPerPage(1, pages.KvHeads, pages.HeadDim, pages.Format) / Sequences.StepPlan.PageTokens);
    }

    public void SiluMultiply(Matrix gate, Matrix up, Matrix y, WeightMatrix? next = null)
    {
        long start = Stopwatch.GetTimestamp();
        inner.SiluMultiply(gate, up, y, next);
        Count("silu x up", start, 4L * gate.Rows * gate.Columns, 3 * Bytes(gate));
    }

    public void Dispose() => inner.Dispose();

    private static long Bytes(Matrix x) => (long)x.Rows * x.Columns * sizeof(float);

    // "model.layers.3.mlp.up_proj.weight" to "up_proj".
    private static string ShortName(string tensor)
    {
        string[] parts = tensor.Split('.');
        return parts.Length < 2 ? tensor : parts[^2];
    }

    private void Count(string name, long start, long operations, long bytes, bool linear = false)
    {
        if (!_counting)
            return;
        OperationCount before = _counts.GetValueOrDefault(name);
        _counts[name] = new OperationCount(
            before.Calls + 1, before.Ticks + Stopwatch.GetTimestamp() - start, before.Operations + operations, before.Bytes + bytes, linear);
    }
}

/// <summary>What one operation came to.</summary>
/// <param name="Calls">How often it ran.</param>
/// <param name="Ticks">Of the stopwatch.</param>
/// <param name="Operations">Multiplications and additions, counted singly.</param>
/// <param name="Bytes">Read and written at the least: weights, keys and values once per tile, activations.</param>
/// <param name="Linear">A product with weights, whose limit is that of the weights' type; the others compute in float32.</param>
internal readonly record struct OperationCount(long Calls, long Ticks, long Operations, long Bytes, bool Linear);
