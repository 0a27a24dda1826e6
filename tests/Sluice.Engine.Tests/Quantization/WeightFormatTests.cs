using Sluice.Engine.Quantization;
using Sluice.Engine.Tests.Backends;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Quantization;

public sealed unsafe class WeightFormatTests : IDisposable
{
    private readonly Numbers _numbers = new(11);

    public void Dispose() => _numbers.Dispose();

    [Fact]
    public void Int8_is_off_by_half_a_step_at_the_most()
    {
        TensorView part = _numbers.Tensor(DataType.Float32, 5, 300);
        sbyte[] codes = new sbyte[300];
        for (int row = 0; row < 5; row++)
        {
            float scale = Int8Weights.Row(part, row, codes);
            for (int i = 0; i < 300; i++)
                Assert.InRange(MathF.Abs(part[row, i] - (codes[i] * scale)), 0, scale * 0.5001f);
        }
    }

    [Fact]
    public void Int4_is_nearer_than_the_range_in_fifteen_steps()
    {
        TensorView part = _numbers.Tensor(DataType.Float32, 8, 300);
        byte[] codes = new byte[Int4Weights.Group];
        for (int row = 0; row < 8; row++)
        {
            for (int group = 0; group < Int4Weights.Groups(300); group++)
            {
                float[] values = [.. Enumerable.Range(group * 128, Math.Min(128, 300 - (group * 128))).Select(i => part[row, i])];
                uint word = Int4Weights.Pack(part, row, group, codes);
                double squares = values.Select((value, i) => Math.Pow(value - Int4Weights.Value(codes[i], Int4Weights.ScaleOf(word), Int4Weights.OffsetOf(word)), 2)).Sum();
                double step = (values.Max() - values.Min()) / 15;
                Assert.InRange(squares / values.Length, 0, step * step / 12 * 1.3);
            }
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.25f)]
    [InlineData(1e-38f)]
    public void Equal_weights_stay_what_they_are(float value)
    {
        float* data = _numbers.Matrix(1, 128).Data;
        new Span<float>(data, 128).Fill(value);
        TensorView part = new("weight", DataType.Float32, 1, 128, (byte*)data);
        byte[] codes = new byte[128];
        sbyte[] bytes = new sbyte[128];
        uint word = Int4Weights.Pack(part, 0, 0, codes);
        Assert.Equal(value, Int4Weights.Value(codes[77], Int4Weights.ScaleOf(word), Int4Weights.OffsetOf(word)), value * 0.01f + 1e-37f);
        Assert.Equal(value, bytes[Int8Weights.Row(part, 0, bytes) == 0 ? 0 : 77] * Int8Weights.Row(part, 0, bytes), value * 0.01f + 1e-37f);
    }

    [Fact]
    public void Activations_of_zeros_and_of_the_largest_numbers_come_back()
    {
        float* x = stackalloc float[] { 0, 3e38f, -3e38f, 1e38f };
        byte* codes = stackalloc byte[4];
        Assert.Equal(0, Int8Activations.Row(x, 1, codes));
        Assert.Equal(Int8Activations.Zero, codes[0]);
        float scale = Int8Activations.Row(x, 4, codes);
        Assert.Equal([128, 255, 1, 170], new ReadOnlySpan<byte>(codes, 4).ToArray());
        Assert.Equal(3e38f, 127 * scale, 1e33f);
    }

    [Fact]
    public void A_weight_that_is_no_number_is_refused_by_name()
    {
        float* data = _numbers.Matrix(1, 128).Data;
        data[5] = float.PositiveInfinity;
        TensorView part = new("some.weight", DataType.Float32, 1, 128, (byte*)data);
        Assert.Contains("some.weight", Assert.Throws<ModelFormatException>(() => Int8Weights.Row(part, 0, new sbyte[128])).Message, StringComparison.Ordinal);
        Assert.Contains("some.weight", Assert.Throws<ModelFormatException>(() => Int4Weights.Pack(part, 0, 0, new byte[128])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_none_is_refused_with_those_that_are()
    {
        Assert.Equal([WeightFormat.Stored, WeightFormat.Stored, WeightFormat.Int8, WeightFormat.Int4], new[] { null, "bf16", "int8", "int4" }.Select(WeightFormats.Parse));
        Assert.Contains("bf16, int8, int4", Assert.Throws<ArgumentException>(() => WeightFormats.Parse("fp8")).Message, StringComparison.Ordinal);
    }
}
