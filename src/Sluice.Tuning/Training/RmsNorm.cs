using System.Numerics;
using System.Numerics.Tensors;

namespace Sluice.Tuning.Training;

/// <summary>y = x / sqrt(mean(x²) + eps) · w, row by row (Zhang and Sennrich 2019), and its gradients.</summary>
internal static class RmsNorm<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <param name="x">(rows, width)</param>
    /// <param name="weight">(width)</param>
    /// <param name="y">(rows, width)</param>
    /// <param name="inverse">(rows): 1 / sqrt(mean(x²) + eps), kept for the way back.</param>
    public static void Forward(ReadOnlySpan<T> x, ReadOnlySpan<T> weight, Span<T> y, Span<T> inverse)
    {
        int width = weight.Length;
        T eps = T.CreateChecked(TrainingShape.NormEps), count = T.CreateChecked(width);
        for (int row = 0; row < inverse.Length; row++)
        {
            ReadOnlySpan<T> from = x.Slice(row * width, width);
            Span<T> to = y.Slice(row * width, width);
            inverse[row] = T.One / T.Sqrt((TensorPrimitives.SumOfSquares(from) / count) + eps);
            TensorPrimitives.Multiply(from, inverse[row], to);
            TensorPrimitives.Multiply(to, weight, to);
        }
    }

    /// <summary>Adds to <paramref name="dx"/> and <paramref name="dWeight"/>.</summary>
    /// <param name="dy">(rows, width); overwritten.</param>
    public static void Backward(Span<T> dy, ReadOnlySpan<T> x, ReadOnlySpan<T> weight, ReadOnlySpan<T> inverse, Span<T> dx, Span<T> dWeight)
    {
        int width = weight.Length;
        T count = T.CreateChecked(width);
        Span<T> scratch = new T[width];
        for (int row = 0; row < inverse.Length; row++)
        {
            Span<T> d = dy.Slice(row * width, width);
            ReadOnlySpan<T> from = x.Slice(row * width, width);
            Span<T> to = dx.Slice(row * width, width);
            T r = inverse[row];
            TensorPrimitives.Multiply(from, r, scratch);
            TensorPrimitives.MultiplyAdd(d, scratch, dWeight, dWeight);
            TensorPrimitives.Multiply(d, weight, d);
            T pull = TensorPrimitives.Dot<T>(d, from) * r * r * r / count;
            TensorPrimitives.MultiplyAdd(d, r, to, to);
            TensorPrimitives.MultiplyAdd(from, -pull, to, to);
        }
    }
}
