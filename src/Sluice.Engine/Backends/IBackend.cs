using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends;

/// <summary>
/// What a decoder needs of a machine. Rows are tokens; a row's result never depends on the other rows of a call, on their number or on the number of
/// threads, to the bit. Called by one thread at a time; nothing is allocated after load.
/// </summary>
internal unsafe interface IBackend : IDisposable
{
    /// <summary><c>reference</c>, <c>cpu/avx512</c>.</summary>
    string Name { get; }

    /// <summary>What the host answered where kernels that the processor could run were asked for and refused; null where none were.</summary>
    string? Refusal => null;

    /// <summary>Bytes that one (rows, columns) weight takes when packed.</summary>
    long PackedBytes(DataType type, WeightFormat format, int rows, int columns);

    /// <summary>Bytes that products of so many rows and inputs need besides their weights.</summary>
    long ScratchBytes(WeightFormat format, int rows, int inputs);

    /// <summary>Takes that many now; a product that needs more takes them when it comes.</summary>
    void Reserve(WeightFormat format, int rows, int inputs);

    /// <summary>
    /// Linear layers with the same input as one matrix. <see cref="WeightFormat.Stored"/> is exact: no value is rounded, and parts of different types are kept
    /// as float32. Takes what <see cref="PackedBytes"/> says of the parts.
    /// </summary>
    WeightMatrix Pack(ReadOnlySpan<TensorView> parts, WeightFormat format);

    /// <summary>y(row) = the table's row tokens(row). Every id is below the table's outputs.</summary>
    void Embed(int* tokens, WeightMatrix table, Matrix y);

    /// <summary>y = x / sqrt(mean(x²) + eps) x weight, per row; y may be x.</summary>
    /// <param name="x">(rows, columns)</param>
    /// <param name="weight">(columns)</param>
    /// <param name="eps">Keeps the root from 0.</param>
    /// <param name="y">(rows, columns)</param>
    /// <param name="next">What y is multiplied by next: it is brought into the form that this product reads, in the same pass. Null where that is not known.</param>
    void RmsNorm(Matrix x, float* weight, float eps, Matrix y, WeightMatrix? next = null);

    /// <summary>x += delta, then y = norm of x, per row.</summary>
    void AddRmsNorm(Matrix x, Matrix delta, float* weight, float eps, Matrix y, WeightMatrix? next = null);

    /// <summary>y = x · weightsᵀ; (rows, inputs) to (rows, outputs). With <see cref="WeightFormat.Int8"/> weights x is rounded to bytes, each row by itself.</summary>
    /// <param name="x">(rows, inputs)</param>
    /// <param name="weights">(outputs, inputs)</param>
    /// <param name="y">(rows, outputs)</param>
    /// <param name="prepared">x is what the call before this one gave, and these weights are what it named as next.</param>
    void MatMul(Matrix x, WeightMatrix weights, Matrix y, bool prepared = false);

    /// <summary>
    /// A product with a head, a matrix of one part: rows [0, logits.Rows) of x to logits, and of each row after them only the largest output. The same
    /// sums as <see cref="MatMul"/> has.
    /// </summary>
    /// <param name="x">(rows, inputs)</param>
    /// <param name="head">(outputs, inputs)</param>
    /// <param name="logits">(at most rows, outputs)</param>
    /// <param name="largest">(rows - logits.Rows)</param>
    void Head(Matrix x, WeightMatrix head, Matrix logits, TopLogit* largest);

    /// <summary>Rotates queries (in place) and keys by the rows' angles (halves of a head are its pairs), and writes keys and values to the rows' slots.</summary>
    void RotateAndStore(StepLayout step, Matrix queries, Matrix keys, Matrix values, KvPages pages, int layer);

    /// <summary>
    /// y = softmax(q · Kᵀ / sqrt(head_dim)) · V per row and head over the row's positions from 0 to its own. Queries (rows, heads x head_dim); head h reads
    /// KV head h / (heads / kv_heads).
    /// </summary>
    void Attend(StepLayout step, Matrix queries, KvPages pages, int layer, Matrix y);

    /// <summary>y = gate / (1 + exp(-gate)) x up; y may be gate.</summary>
    void SiluMultiply(Matrix gate, Matrix up, Matrix y, WeightMatrix? next = null);
}
