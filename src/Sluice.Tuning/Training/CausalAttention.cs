using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace Sluice.Tuning.Training;

/// <summary>Causal attention within each sequence of a batch, heads in groups that share a key and value head, and its gradients.</summary>
/// <remarks>Rows are (sequence, position); q is (rows, hidden), k and v are (rows, kv width), weights are kept as (sequence, head, position, position).</remarks>
internal sealed class CausalAttention<T>(TrainingShape shape)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _dim = shape.HeadDim;
    private readonly int _group = shape.Heads / shape.KvHeads;
    private readonly T _scale = T.One / T.Sqrt(T.CreateChecked(shape.HeadDim));

    public void Forward(int sequences, int length, T[] q, T[] k, T[] v, T[] weights, T[] output, int threads) =>
        Workers.Run(threads, worker =>
        {
            int stride = HeadRows<T>.Stride(length);
            Span<T> keys = new T[_dim * stride];
            Span<Vector512<T>> scratch = new Vector512<T>[_dim];
            for (int unit = worker; unit < sequences * shape.Heads; unit += threads)
            {
                int sequence = unit / shape.Heads, head = unit % shape.Heads, kv = head / _group;
                HeadRows<T>.Transpose(k, Start(sequence, length, shape.KvWidth, kv), shape.KvWidth, length, _dim, keys);
                for (int i = 0; i < length; i++)
                {
                    Span<T> p = weights.AsSpan(((unit * length) + i) * length, i + 1);
                    ReadOnlySpan<T> query = Row(q, sequence, i, length, shape.Hidden, head);
                    HeadRows<T>.Dots(query, keys, stride, scratch, p);
                    TensorPrimitives.Multiply(p, _scale, p);
                    TensorPrimitives.Subtract(p, TensorPrimitives.Max<T>(p), p);
                    TensorPrimitives.Exp(p, p);
                    TensorPrimitives.Divide(p, TensorPrimitives.Sum<T>(p), p);
                    Span<T> o = Row(output, sequence, i, length, shape.Hidden, head);
                    o.Clear();
                    for (int j = 0; j <= i; j++)
                    {
                        HeadRows<T>.Add(Row(v, sequence, j, length, shape.KvWidth, kv), p[j], o);
                    }
                }
            }
        });

    /// <summary>Overwrites <paramref name="dq"/>, <paramref name="dk"/> and <paramref name="dv"/>.</summary>
    public void Backward(int sequences, int length, T[] dOutput, T[] q, T[] k, T[] v, T[] weights, T[] dq, T[] dk, T[] dv, int threads)
    {
        dq.AsSpan(0, sequences * length * shape.Hidden).Clear();
        dk.AsSpan(0, sequences * length * shape.KvWidth).Clear();
        dv.AsSpan(0, sequences * length * shape.KvWidth).Clear();
        Workers.Run(threads, worker =>
        {
            int stride = HeadRows<T>.Stride(length);
            Span<T> ds = new T[length], values = new T[_dim * stride];
            Span<Vector512<T>> scratch = new Vector512<T>[_dim];
            for (int unit = worker; unit < sequences * shape.KvHeads; unit += threads)
            {
                int sequence = unit / shape.KvHeads, kv = unit % shape.KvHeads;
                HeadRows<T>.Transpose(v, Start(sequence, length, shape.KvWidth, kv), shape.KvWidth, length, _dim, values);
                for (int head = kv * _group; head < (kv + 1) * _group; head++)
                {
                    for (int i = 0; i < length; i++)
                    {
                        Span<T> d = ds[..(i + 1)];
                        ReadOnlySpan<T> p = weights.AsSpan(((((sequence * shape.Heads) + head) * length) + i) * length, i + 1);
                        ReadOnlySpan<T> dO = Row(dOutput, sequence, i, length, shape.Hidden, head);
                        HeadRows<T>.Dots(dO, values, stride, scratch, d);
                        for (int j = 0; j <= i; j++)
                        {
                            HeadRows<T>.Add(dO, p[j], Row(dv, sequence, j, length, shape.KvWidth, kv));
                        }
                        TensorPrimitives.Subtract(d, TensorPrimitives.Dot(d, p), d);
                        TensorPrimitives.Multiply(d, p, d);
                        TensorPrimitives.Multiply(d, _scale, d);
                        ReadOnlySpan<T> query = Row(q, sequence, i, length, shape.Hidden, head);
                        Span<T> dQuery = Row(dq, sequence, i, length, shape.Hidden, head);
                        for (int j = 0; j <= i; j++)
                        {
                            HeadRows<T>.Add(Row(k, sequence, j, length, shape.KvWidth, kv), d[j], dQuery);
                            HeadRows<T>.Add(query, d[j], Row(dk, sequence, j, length, shape.KvWidth, kv));
                        }
                    }
                }
            }
        });
    }

    private int Start(int sequence, int length, int width, int head) => (sequence * length * width) + (head * _dim);

    private Span<T> Row(T[] data, int sequence, int position, int length, int width, int head) =>
        data.AsSpan(Start(sequence, length, width, head) + (position * width), _dim);
}
