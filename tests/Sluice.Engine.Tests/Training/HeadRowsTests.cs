using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Sluice.Tuning.Training;
using Xunit;

namespace Sluice.Engine.Tests.Training;

public sealed class HeadRowsTests
{
    [Theory]
    [InlineData(16, 1)]
    [InlineData(16, 15)]
    [InlineData(32, 17)]
    [InlineData(48, 40)]
    public void A_dot_product_is_summed_a_vector_apart_and_then_by_neighbours(int dim, int length)
    {
        Random random = new(dim + length);
        float[] rows = [.. Enumerable.Range(0, dim * length).Select(_ => random.NextSingle() - 0.5f)], row = rows[^dim..];
        float[] transposed = new float[dim * HeadRows<float>.Stride(length)], results = new float[length];

        HeadRows<float>.Transpose(rows, 0, dim, length, dim, transposed);
        HeadRows<float>.Dots(row, transposed, HeadRows<float>.Stride(length), new Vector512<float>[dim], results);

        for (int j = 0; j < length; j++)
        {
            float[] products = [.. row.Select((x, d) => x * rows[(j * dim) + d])], sums = products[..16];
            for (int d = 16; d < dim; d++)
            {
                sums[d % 16] += products[d];
            }
            while (sums.Length > 1)
            {
                sums = [.. sums.Chunk(2).Select(pair => pair[0] + pair[1])];
            }
            Assert.Equal(sums[0], results[j]);
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(12)]
    public void A_dot_product_of_an_odd_width_has_every_product_once(int dim)
    {
        float[] rows = [.. Enumerable.Range(1, dim * 3).Select(i => (float)i)], transposed = new float[dim * HeadRows<float>.Stride(3)], results = new float[3];

        HeadRows<float>.Transpose(rows, 0, dim, 3, dim, transposed);
        HeadRows<float>.Dots(rows.AsSpan(0, dim), transposed, HeadRows<float>.Stride(3), new Vector512<float>[dim], results);

        Assert.Equal([.. Enumerable.Range(0, 3).Select(j => TensorPrimitives.Dot<float>(rows.AsSpan(0, dim), rows.AsSpan(j * dim, dim)))], results);
    }
}
