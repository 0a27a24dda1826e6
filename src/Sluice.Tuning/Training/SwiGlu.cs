using System.Numerics;
using System.Numerics.Tensors;

namespace Sluice.Tuning.Training;

/// <summary>silu(gate) · up (Shazeer 2020), element by element, and its gradients; silu(g) = g · sigmoid(g).</summary>
internal static class SwiGlu<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Chunk = 4096;

    public static void Forward(T[] gate, T[] up, T[] product, int length, int threads) => InChunks(length, threads, (from, count) =>
    {
        Span<T> y = product.AsSpan(from, count);
        ReadOnlySpan<T> g = gate.AsSpan(from, count);
        TensorPrimitives.Sigmoid(g, y);
        TensorPrimitives.Multiply(y, g, y);
        TensorPrimitives.Multiply(y, up.AsSpan(from, count), y);
    });

    /// <summary>dUp = d · silu(gate); dGate = d · up · sigmoid · (1 + gate · (1 − sigmoid)).</summary>
    public static void Backward(T[] gate, T[] up, T[] d, T[] dGate, T[] dUp, int length, int threads) => InChunks(length, threads, (from, count) =>
    {
        ReadOnlySpan<T> g = gate.AsSpan(from, count);
        Span<T> dy = d.AsSpan(from, count), dg = dGate.AsSpan(from, count), sigmoid = dUp.AsSpan(from, count);
        TensorPrimitives.Sigmoid(g, sigmoid);
        TensorPrimitives.Subtract(T.One, sigmoid, dg);
        TensorPrimitives.Multiply(dg, g, dg);
        TensorPrimitives.Add(dg, T.One, dg);
        TensorPrimitives.Multiply(dg, sigmoid, dg);
        TensorPrimitives.Multiply(dg, up.AsSpan(from, count), dg);
        TensorPrimitives.Multiply(dg, dy, dg);
        TensorPrimitives.Multiply(sigmoid, g, sigmoid);
        TensorPrimitives.Multiply(sigmoid, dy, sigmoid);
    });

    private static void InChunks(int length, int threads, Action<int, int> work) => Workers.Run(threads, worker =>
    {
        for (int from = worker * Chunk; from < length; from += threads * Chunk)
        {
            work(from, Math.Min(Chunk, length - from));
        }
    });
}
