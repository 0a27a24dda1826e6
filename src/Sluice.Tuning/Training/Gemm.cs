using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sluice.Tuning.Training;

/// <summary>One factor of a product: an (rows, columns) matrix in row-major order, read as it lies or transposed.</summary>
internal readonly record struct Factor<T>(T[] Data, int Offset, int Stride, bool Transposed);

/// <summary>C (+)= A · B for training, where both factors change every step and either may be transposed. Float32, and float64 for gradient checks.</summary>
/// <remarks>
/// B is packed into panels of 2 vectors of columns, K in blocks of 256 that stay in cache while all rows pass; A is read where it lies, 8 rows at a time, and
/// packed only where it is transposed. Every element of C is summed by one thread in ascending K, so the result depends on neither the thread count nor the
/// neighbours; it depends on the vector width only through B's panels, which do not touch the order of a sum.
/// </remarks>
internal static class Gemm<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int RowsPerTile = 8;
    private const int KBlock = 256;
    private static readonly int ColumnsPerTile = 2 * Vector512<T>.Count;

    /// <param name="a">(m, k) after its transposition, if any.</param>
    /// <param name="b">(k, n) after its transposition, if any.</param>
    /// <param name="c">(m, n), row-major, <paramref name="cStride"/> elements from row to row.</param>
    /// <param name="add">True adds to C, false overwrites it.</param>
    public static void Run(int m, int n, int k, Factor<T> a, Factor<T> b, T[] c, int cOffset, int cStride, bool add, int threads)
    {
        int rowTiles = (m + RowsPerTile - 1) / RowsPerTile;
        int columnTiles = (n + ColumnsPerTile - 1) / ColumnsPerTile;
        T[] packed = ArrayPool<T>.Shared.Rent(columnTiles * ColumnsPerTile * k);
        Workers.Run(threads, worker =>
        {
            for (int tile = worker; tile < columnTiles; tile += threads)
            {
                PackColumns(b, packed.AsSpan(tile * ColumnsPerTile * k, ColumnsPerTile * k), tile * ColumnsPerTile, n, k);
            }
        });
        Workers.Run(threads, worker =>
        {
            int first = rowTiles * worker / threads, last = rowTiles * (worker + 1) / threads;
            T[] rows = ArrayPool<T>.Shared.Rent(RowsPerTile * KBlock);
            for (int k0 = 0; k0 < k; k0 += KBlock)
            {
                int length = Math.Min(KBlock, k - k0);
                for (int tile = first; tile < last; tile++)
                {
                    int row = tile * RowsPerTile, height = Math.Min(RowsPerTile, m - row);
                    TileRows left = a.Transposed ? Packed(a, rows, row, height, k0, length) : new(a.Data, a.Offset + (row * a.Stride) + k0, a.Stride, 1, height);
                    for (int column = 0; column < columnTiles; column++)
                    {
                        ReadOnlySpan<T> panel = packed.AsSpan((column * ColumnsPerTile * k) + (k0 * ColumnsPerTile), length * ColumnsPerTile);
                        Tile(left, panel, length, c.AsSpan(cOffset), row, column * ColumnsPerTile, n, cStride, add || k0 > 0);
                    }
                }
            }
            ArrayPool<T>.Shared.Return(rows);
        });
        ArrayPool<T>.Shared.Return(packed);
    }

    private static void PackColumns(Factor<T> b, Span<T> panel, int column, int n, int k)
    {
        int width = Math.Min(ColumnsPerTile, n - column);
        if (width < ColumnsPerTile)
        {
            panel.Clear();
        }
        for (int i = 0; i < k; i++)
        {
            Span<T> target = panel.Slice(i * ColumnsPerTile, width);
            if (!b.Transposed)
            {
                b.Data.AsSpan(b.Offset + (i * b.Stride) + column, width).CopyTo(target);
                continue;
            }
            for (int j = 0; j < width; j++)
            {
                target[j] = b.Data[b.Offset + ((column + j) * b.Stride) + i];
            }
        }
    }

    private static TileRows Packed(Factor<T> a, T[] panel, int row, int height, int k0, int length)
    {
        for (int i = 0; i < length; i++)
        {
            a.Data.AsSpan(a.Offset + ((k0 + i) * a.Stride) + row, height).CopyTo(panel.AsSpan(i * RowsPerTile, RowsPerTile));
        }
        return new(panel, 0, 1, RowsPerTile, height);
    }

    /// <summary>Element (r, i) of a tile of A lies at Offset + r · RowStep + i · Step; of 8 rows the first Height are real.</summary>
    private readonly record struct TileRows(T[] Data, int Offset, int RowStep, int Step, int Height)
    {
        /// <summary>Where a row begins; one that is not real is read as the last that is, and its sums are dropped.</summary>
        public ref T Row(int r) => ref Data[Offset + (Math.Min(r, Height - 1) * RowStep)];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> MultiplyAdd(Vector512<T> x, Vector512<T> y, Vector512<T> z) =>
        typeof(T) == typeof(float)
            ? Vector512.FusedMultiplyAdd(x.AsSingle(), y.AsSingle(), z.AsSingle()).As<float, T>()
            : Vector512.FusedMultiplyAdd(x.AsDouble(), y.AsDouble(), z.AsDouble()).As<double, T>();

    private static void Tile(TileRows rows, ReadOnlySpan<T> columns, int length, Span<T> c, int row, int column, int n, int stride, bool add)
    {
        ref T b = ref MemoryMarshal.GetReference(columns);
        ref T a0 = ref rows.Row(0), a1 = ref rows.Row(1), a2 = ref rows.Row(2), a3 = ref rows.Row(3);
        ref T a4 = ref rows.Row(4), a5 = ref rows.Row(5), a6 = ref rows.Row(6), a7 = ref rows.Row(7);
        nuint width = (nuint)Vector512<T>.Count;
        Vector512<T> l0 = default, l1 = default, l2 = default, l3 = default, l4 = default, l5 = default, l6 = default, l7 = default;
        Vector512<T> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default, r6 = default, r7 = default;
        for (nint at = 0, end = (nint)length * rows.Step; at < end; at += rows.Step)
        {
            Vector512<T> left = Vector512.LoadUnsafe(ref b), right = Vector512.LoadUnsafe(ref b, width);
            Vector512<T> x = Vector512.Create(Unsafe.Add(ref a0, at));
            l0 = MultiplyAdd(x, left, l0);
            r0 = MultiplyAdd(x, right, r0);
            x = Vector512.Create(Unsafe.Add(ref a1, at));
            l1 = MultiplyAdd(x, left, l1);
            r1 = MultiplyAdd(x, right, r1);
            x = Vector512.Create(Unsafe.Add(ref a2, at));
            l2 = MultiplyAdd(x, left, l2);
            r2 = MultiplyAdd(x, right, r2);
            x = Vector512.Create(Unsafe.Add(ref a3, at));
            l3 = MultiplyAdd(x, left, l3);
            r3 = MultiplyAdd(x, right, r3);
            x = Vector512.Create(Unsafe.Add(ref a4, at));
            l4 = MultiplyAdd(x, left, l4);
            r4 = MultiplyAdd(x, right, r4);
            x = Vector512.Create(Unsafe.Add(ref a5, at));
            l5 = MultiplyAdd(x, left, l5);
            r5 = MultiplyAdd(x, right, r5);
            x = Vector512.Create(Unsafe.Add(ref a6, at));
            l6 = MultiplyAdd(x, left, l6);
            r6 = MultiplyAdd(x, right, r6);
            x = Vector512.Create(Unsafe.Add(ref a7, at));
            l7 = MultiplyAdd(x, left, l7);
            r7 = MultiplyAdd(x, right, r7);
            b = ref Unsafe.Add(ref b, 2 * (int)width);
        }
        Span<Vector512<T>> sums = [l0, r0, l1, r1, l2, r2, l3, r3, l4, r4, l5, r5, l6, r6, l7, r7];
        ReadOnlySpan<T> flat = MemoryMarshal.Cast<Vector512<T>, T>(sums);
        int span = Math.Min(ColumnsPerTile, n - column);
        for (int r = 0; r < rows.Height; r++)
        {
            Span<T> target = c.Slice(((row + r) * stride) + column, span);
            ReadOnlySpan<T> source = flat.Slice(r * ColumnsPerTile, span);
            if (add)
            {
                System.Numerics.Tensors.TensorPrimitives.Add(target, source, target);
            }
            else
            {
                source.CopyTo(target);
            }
        }
    }
}
