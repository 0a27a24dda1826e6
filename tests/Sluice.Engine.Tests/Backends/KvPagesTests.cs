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

    [Theory]
    [InlineData(KvFormat.Float32)]
    [InlineData(KvFormat.BFloat16)]
    [InlineData(KvFormat.Int8)]
    public void A_copy_has_its_tokens_and_nothing_of_the_others(KvFormat format)
    {
        KvPages pages = _numbers.Own(new KvPages(2, 3, 2, 20, format));
        pages.Fill(float.NaN);
        Matrix x = _numbers.Matrix(32, 20), other = _numbers.Matrix(32, 20);
        for (int slot = 0; slot < 16; slot++)
        {
            for (int at = 0; at < 4; at++)
            {
                pages.Write(at / 2, 0, at % 2, slot, x.Row(slot), x.Row(16 + slot));
                pages.Write(at / 2, 2, at % 2, slot, other.Row(slot), other.Row(16 + slot));
            }
        }

        pages.Copy(0, 2, 7);
        float[] source = new float[pages.PageFloats], before = new float[pages.PageFloats], copy = new float[pages.PageFloats];
        fixed (float* from = source, was = before, to = copy)
        {
            float* a = pages.Read(1, 0, 1, from), c = pages.Read(1, 2, 1, to);
            for (int slot = 7; slot < 16; slot++)
                pages.Write(1, 1, 1, slot, other.Row(slot), other.Row(16 + slot));
            float* b = pages.Read(1, 1, 1, was);
            for (int slot = 0; slot < 16; slot++)
            {
                float* same = slot < 7 ? a : b;
                for (int d = 0; d < 20; d++)
                {
                    Assert.Equal(same[(d * 16) + slot], c[(d * 16) + slot]);
                    Assert.Equal(same[(16 * 20) + (slot * pages.ValueStride) + d], c[(16 * 20) + (slot * pages.ValueStride) + d]);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Every_form_of_writing_gives_the_same_bits(KvFormat format, int headDim)
    {
        KvPages plain = _numbers.Own(new KvPages(1, 1, 1, headDim, format)), fast = _numbers.Own(new KvPages(1, 1, 1, headDim, format));
        plain.Fill(float.NaN);
        fast.Fill(float.NaN);
        Matrix x = _numbers.Matrix(12, headDim);
        x.Row(3)[1] = float.NaN;
        for (int slot = 3; slot < 9; slot++)
        {
            plain.Write(0, 0, 0, slot, x.Row(slot), x.Row(slot - 3));
            KvWriter.Write(fast, 0, 0, 0, slot, x.Row(slot), x.Row(slot - 3));
        }

        int bytes = (int)KvPages.BytesPerPage(1, 1, headDim, format);
        Assert.True(new Span<byte>(plain.ScalesOf(0, 0, 0), bytes).SequenceEqual(new Span<byte>(fast.ScalesOf(0, 0, 0), bytes)));
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
