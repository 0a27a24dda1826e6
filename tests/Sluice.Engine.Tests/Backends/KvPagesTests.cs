using Sluice.Engine.Backends;
using Sluice.Engine.Backends.Cpu;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

public sealed unsafe class KvPagesTests : IDisposable
{
    private readonly Numbers _numbers = new(11);

    public static readonly TheoryData<KvFormat, int> Formats =
        [.. from format in new[] { KvFormat.BFloat16, KvFormat.Int8 } from headDim in new[] { 2, 8, 20, 64, 96 } select (format, headDim)];

    [Theory]
    [MemberData(nameof(Formats))]
    public void What_is_rounded_is_read_back_within_half_a_step_and_every_form_gives_the_same_bits(KvFormat format, int headDim)
    {
        KvPages pages = _numbers.Own(new KvPages(2, 3, 2, headDim, format));
        pages.Fill(float.NaN);
        Matrix x = _numbers.Matrix(32, headDim);
        for (int slot = 0; slot < 16; slot++)
            pages.Write(1, 2, 1, slot, x.Row(slot), x.Row(16 + slot));
        float[] plain = Read((layer, page, head, room) => (nint)pages.Read(layer, page, head, (float*)room)), fast = Read((layer, page, head, room) => (nint)KvReader.Read(pages, layer, page, head, (float*)room));
        for (int slot = 0; slot < 16; slot++)
        {
            for (int d = 0; d < headDim; d++)
            {
                AssertNear(format, x, slot, d, plain[(d * 16) + slot], fast[(d * 16) + slot]);
                AssertNear(format, x, 16 + slot, d, plain[(16 * headDim) + (slot * pages.ValueStride) + d], fast[(16 * headDim) + (slot * pages.ValueStride) + d]);
            }
        }

        float[] Read(Func<int, int, int, nint, nint> read)
        {
            float[] room = new float[pages.PageFloats];
            fixed (float* at = room)
                Assert.Equal((nint)at, read(1, 2, 1, (nint)at));
            return room;
        }
    }

    [Fact]
    public void Zeros_and_the_largest_value_come_back_exactly()
    {
        KvPages pages = _numbers.Own(new KvPages(1, 1, 1, 4, KvFormat.Int8));
        float* x = stackalloc float[] { 0, -3.5f, 1, 0 };
        float* zeros = stackalloc float[4];
        pages.Write(0, 0, 0, 7, x, zeros);
        float* room = stackalloc float[pages.PageFloats];
        pages.Read(0, 0, 0, room);
        Assert.Equal(0, room[7]);
        Assert.Equal(-3.5f, room[16 + 7], 1e-6f);
        Assert.Equal(0, room[64 + (7 * pages.ValueStride) + 1]);
    }

    [Fact]
    public void Four_bytes_two_or_one_and_two_scales_a_token()
    {
        Assert.Equal(3L * 2 * 16 * (64 + 64) * 4, KvPages.BytesPerPage(3, 2, 64, KvFormat.Float32));
        Assert.Equal(3L * 2 * 16 * (64 + 64) * 2, KvPages.BytesPerPage(3, 2, 64, KvFormat.BFloat16));
        Assert.Equal(3L * 2 * 16 * (64 + 64 + 8), KvPages.BytesPerPage(3, 2, 64, KvFormat.Int8));
    }

    public void Dispose() => _numbers.Dispose();

    private static void AssertNear(KvFormat format, Matrix x, int row, int d, float plain, float fast)
    {
        float max = 0;
        for (int i = 0; i < x.Columns; i++)
            max = MathF.Max(max, MathF.Abs(x.Row(row)[i]));
        float step = format == KvFormat.Int8 ? max / 127 : MathF.Abs(x.Row(row)[d]) / 128; // a byte of the largest, or the eighth bit of the value itself
        Assert.InRange(MathF.Abs(plain - x.Row(row)[d]), 0, (step * 0.5001f) + 1e-7f);
        Assert.Equal(BitConverter.SingleToInt32Bits(plain), BitConverter.SingleToInt32Bits(fast));
    }
}
