using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sluice.Tuning.Training;

/// <summary>What attention does with rows of one head: many dot products at once, and a scaled row added to another.</summary>
internal static class HeadRows<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int Lanes = Vector512<T>.Count;

    /// <summary>Rows from one transposed row to the next: <paramref name="length"/>, filled up to whole vectors.</summary>
    public static int Stride(int length) => (length + Lanes - 1) / Lanes * Lanes;

    /// <summary>Lays rows of a head side by side, so that a vector holds one component of many positions.</summary>
    /// <param name="rows">(length, width); the head begins at <paramref name="offset"/> of the first row.</param>
    /// <param name="transposed">(dim, Stride(length)); what lies past the length is never used.</param>
    public static void Transpose(T[] rows, int offset, int width, int length, int dim, Span<T> transposed)
    {
        int stride = Stride(length);
        for (int d = 0; d < dim; d++)
        {
            Span<T> line = transposed.Slice(d * stride, length);
            for (int j = 0; j < length; j++)
            {
                line[j] = rows[offset + (j * width) + d];
            }
        }
    }

    /// <summary>results[j] = row · column j. Products a vector's width apart are summed first, then neighbours, pair by pair: the order of a dot product along the row.</summary>
    /// <param name="row">(dim)</param>
    /// <param name="transposed">(dim, stride), as from <see cref="Transpose"/>.</param>
    /// <param name="scratch">(dim)</param>
    public static void Dots(ReadOnlySpan<T> row, ReadOnlySpan<T> transposed, int stride, Span<Vector512<T>> scratch, Span<T> results)
    {
        ref T columns = ref MemoryMarshal.GetReference(transposed);
        for (int first = 0; first < results.Length; first += Lanes)
        {
            for (int d = 0; d < row.Length; d++)
            {
                scratch[d] = Vector512.LoadUnsafe(ref columns, (nuint)((d * stride) + first)) * row[d];
            }
            int left = Math.Min(row.Length, Lanes);
            for (int d = left; d < row.Length; d++)
            {
                scratch[d % Lanes] += scratch[d];
            }
            for (; left > 1; left = (left + 1) / 2)
            {
                for (int d = 0; d < left / 2; d++)
                {
                    scratch[d] = scratch[2 * d] + scratch[(2 * d) + 1];
                }
                scratch[(left - 1) / 2] = left % 2 == 0 ? scratch[(left - 1) / 2] : scratch[left - 1];
            }
            Span<T> target = results[first..];
            if (target.Length >= Lanes)
            {
                scratch[0].CopyTo(target);
            }
            else
            {
                MemoryMarshal.Cast<Vector512<T>, T>(scratch[..1])[..target.Length].CopyTo(target);
            }
        }
    }

    /// <summary>sum += row · factor, element by element, each product rounded before it is added.</summary>
    public static void Add(ReadOnlySpan<T> row, T factor, Span<T> sum)
    {
        ref T from = ref MemoryMarshal.GetReference(row);
        ref T to = ref MemoryMarshal.GetReference(sum);
        int at = 0;
        for (; at <= row.Length - Lanes; at += Lanes)
        {
            nuint offset = (nuint)at;
            ((Vector512.LoadUnsafe(ref from, offset) * factor) + Vector512.LoadUnsafe(ref to, offset)).StoreUnsafe(ref to, offset);
        }
        for (; at < row.Length; at++)
        {
            sum[at] = (row[at] * factor) + sum[at];
        }
    }
}
