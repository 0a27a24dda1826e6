using System.Runtime.Intrinsics.X86;
using Sluice.Engine.Backends;
using Sluice.Engine.Backends.Cpu;
using Sluice.Engine.Backends.Reference;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

/// <summary>Every operation of the vector backend gives what the plain loops give, at lengths around the width of a register and of a panel.</summary>
public sealed unsafe class CpuKernelTests : IDisposable
{
    public static readonly TheoryData<int> Lengths = [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 1000];

    private readonly Numbers _numbers = new(3);
    private readonly CpuBackend _cpu = new(2);
    private readonly ReferenceBackend _truth = new();

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Norm_and_addition(int columns)
    {
        Matrix x = _numbers.Matrix(5, columns);
        Matrix same = _numbers.Copy(x);
        Matrix delta = _numbers.Matrix(5, columns);
        float* weight = _numbers.Matrix(1, columns).Data;
        Matrix expected = _numbers.Matrix(5, columns);
        Matrix actual = _numbers.Matrix(5, columns);
        _truth.RmsNorm(x, weight, 1e-5f, expected);
        _cpu.RmsNorm(same, weight, 1e-5f, actual);
        Assert.InRange(Numbers.Difference(expected, actual), 0, 1e-5f);
        _truth.AddRmsNorm(x, delta, weight, 1e-5f, expected);
        _cpu.AddRmsNorm(same, delta, weight, 1e-5f, actual);
        Assert.InRange(Numbers.Difference(expected, actual), 0, 1e-5f);
        Assert.Equal(0, Numbers.Difference(x, same));
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Gated_activation(int columns)
    {
        Matrix gate = _numbers.Matrix(3, columns);
        for (int i = 0; i < columns; i++)
            gate.Row(0)[i] *= 200;
        Matrix up = _numbers.Matrix(3, columns);
        Matrix expected = _numbers.Matrix(3, columns);
        Matrix actual = _numbers.Matrix(3, columns);
        _truth.SiluMultiply(gate, up, expected);
        _cpu.SiluMultiply(gate, up, actual);
        Assert.InRange(Numbers.Difference(expected, actual), 0, 1e-4f);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Product_over_so_many_inputs(int inputs)
    {
        foreach (DataType type in Enum.GetValues<DataType>())
            Product(7, inputs, [_numbers.Tensor(type, 70, inputs)]);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Product_to_so_many_outputs(int outputs)
    {
        foreach (DataType type in Enum.GetValues<DataType>())
            Product(7, 50, [_numbers.Tensor(type, outputs, 50), _numbers.Tensor(type, 5, 50)]);
    }

    [Fact]
    public void Product_of_any_number_of_rows_and_parts_of_different_types()
    {
        for (int rows = 0; rows <= 40; rows++)
            Product(rows, 33, [_numbers.Tensor(DataType.BFloat16, 160, 33), _numbers.Tensor(DataType.Float16, 10, 33)]);
        Product(64, 1100, [_numbers.Tensor(DataType.BFloat16, 300, 1100)]);
        Product(15, 1100, [_numbers.Tensor(DataType.Float32, 300, 1100)]);
    }

    [Theory]
    [InlineData(RowForm.Bytes)]
    [InlineData(RowForm.Words)]
    internal void Every_form_of_a_product_of_bytes_gives_the_same_bits(RowForm form)
    {
        if (form == RowForm.Words && !Isa.Avx2)
            return;
        foreach (int inputs in (int[])[0, 1, 3, 4, 5, 31, 32, 33, 64, 333])
        {
            for (int rows = 1; rows <= 9; rows++)
                Forms(form, rows, inputs);
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Rows_of_a_table(int inputs)
    {
        foreach (DataType type in Enum.GetValues<DataType>())
        {
            foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
                Rows([_numbers.Tensor(type, 70, inputs)], format);
        }

        void Rows(TensorView[] parts, WeightFormat format)
        {
            int* tokens = stackalloc int[] { 0, 69, 31, 47 };
            Matrix expected = _numbers.Matrix(4, inputs);
            Matrix actual = _numbers.Matrix(4, inputs);
            _truth.Embed(tokens, _numbers.Own(_truth.Pack(parts, format)), expected);
            _cpu.Embed(tokens, _numbers.Own(_cpu.Pack(parts, format)), actual);
            Assert.Equal(0, Numbers.Difference(expected, actual));
        }
    }

    [Theory]
    [InlineData(0, 1, 8)]
    [InlineData(0, 15, 8)]
    [InlineData(0, 16, 20)]
    [InlineData(0, 17, 2)]
    [InlineData(14, 3, 64)]
    [InlineData(15, 1, 34)]
    [InlineData(16, 1, 64)]
    [InlineData(999, 1, 64)]
    [InlineData(13, 1000, 48)]
    public void Rotation_and_attention(int context, int rows, int headDim)
    {
        StepLayout step = _numbers.Step(context, rows, headDim);
        StepLayout before = _numbers.Step(0, Math.Max(1, context), headDim);
        int pages = (context + rows + 15) / 16;
        for (int i = 0; i < (context + 15) / 16; i++)
            before.Pages[i] = pages - 1 - i;
        Matrix oldKeys = _numbers.Matrix(before.Rows, 2 * headDim);
        Matrix oldValues = _numbers.Matrix(before.Rows, 2 * headDim);
        Matrix queries = _numbers.Matrix(rows, 6 * headDim);
        Matrix keys = _numbers.Matrix(rows, 2 * headDim);
        Matrix values = _numbers.Matrix(rows, 2 * headDim);
        Matrix expected = Attend(_truth);
        Matrix actual = Attend(_cpu);
        Assert.InRange(Numbers.Difference(expected, actual), 0, 2e-5f);

        Matrix Attend(IBackend backend)
        {
            KvPages kv = _numbers.Pages(pages, 2, headDim);
            Matrix y = _numbers.Matrix(rows, 6 * headDim);
            if (context > 0)
                backend.RotateAndStore(before, _numbers.Matrix(before.Rows, 6 * headDim), _numbers.Copy(oldKeys), oldValues, kv, 0);
            Matrix turned = _numbers.Copy(queries);
            backend.RotateAndStore(step, turned, _numbers.Copy(keys), values, kv, 0);
            backend.Attend(step, turned, kv, 0, y);
            return y;
        }
    }

    [Theory]
    [InlineData(KvFormat.BFloat16, 17, 8)]
    [InlineData(KvFormat.BFloat16, 1, 64)]
    [InlineData(KvFormat.BFloat16, 129, 20)]
    [InlineData(KvFormat.BFloat16, 500, 48)]
    [InlineData(KvFormat.Int8, 17, 8)]
    [InlineData(KvFormat.Int8, 1, 64)]
    [InlineData(KvFormat.Int8, 129, 20)]
    [InlineData(KvFormat.Int8, 500, 48)]
    public void Attention_over_rounded_keys_and_values(KvFormat format, int rows, int headDim)
    {
        StepLayout step = _numbers.Step(0, rows, headDim);
        KvPages kv = _numbers.Pages((rows + 15) / 16, 2, headDim, format);
        Matrix queries = _numbers.Matrix(rows, 6 * headDim);
        _cpu.RotateAndStore(step, queries, _numbers.Matrix(rows, 2 * headDim), _numbers.Matrix(rows, 2 * headDim), kv, 0);
        Matrix expected = _numbers.Matrix(rows, 6 * headDim);
        Matrix actual = _numbers.Matrix(rows, 6 * headDim);
        _truth.Attend(step, queries, kv, 0, expected);
        _cpu.Attend(step, queries, kv, 0, actual);
        Assert.InRange(Numbers.Difference(expected, actual), 0, 2e-5f);
    }

    [Fact]
    public void Attention_whose_scores_rise_far_above_one_another()
    {
        StepLayout step = _numbers.Step(0, 300, 64);
        KvPages kv = _numbers.Pages(19, 2, 64);
        Matrix keys = _numbers.Matrix(300, 128);
        for (int row = 0; row < 300; row++)
        {
            for (int i = 0; i < 128; i++)
                keys.Row(row)[i] *= row * 0.2f;
        }

        Matrix queries = _numbers.Matrix(300, 384);
        _cpu.RotateAndStore(step, queries, keys, _numbers.Matrix(300, 128), kv, 0);
        Matrix expected = _numbers.Matrix(300, 384);
        Matrix actual = _numbers.Matrix(300, 384);
        _truth.Attend(step, queries, kv, 0, expected);
        _cpu.Attend(step, queries, kv, 0, actual);
        Assert.InRange(Numbers.Difference(expected, actual), 0, 2e-4f);
    }

    public void Dispose()
    {
        _cpu.Dispose();
        _numbers.Dispose();
    }

    private void Forms(RowForm form, int rows, int inputs)
    {
        using WeightMatrix weights = _cpu.Pack([_numbers.Tensor(DataType.BFloat16, 70, inputs)], WeightFormat.Int8);
        Matrix x = _numbers.Matrix(rows, inputs);
        Matrix expected = _numbers.Matrix(rows, 96);
        _cpu.MatMul(x, weights, expected);
        int bytes = Int8Panels.Lines(inputs) * (form == RowForm.Words ? 8 : 4);
        using NativeBuffer buffer = new(CodeRows.Bytes(rows, bytes));
        CodeRows codes = new(buffer.Data, rows, bytes);
        new RowCoderWork { X = x, Coder = new RowCoder(form, codes) }.Run(0, 1);
        Int8Work work = new()
        {
            X = codes,
            Rows = rows,
            Lines = Int8Panels.Lines(inputs),
            Weights = weights.Buffer.Data,
            PanelBytes = Int8Panels.PanelBytes(inputs),
            Panels = 3,
        };
        Matrix actual = Target();
        if (form == RowForm.Words)
            Int8Avx2.Run(work, 0, 3);
        else
            Int8Kernel.Scalar(work, 0, 3);
        Assert.Equal(0, Numbers.Difference(expected.Slice(0, 70), actual.Slice(0, 70)));
        if (form != RowForm.Bytes || !AvxVnni.IsSupported || !Isa.Avx2)
            return;
        actual = Target();
        Int8Vnni.Run(work, 0, 3);
        Assert.Equal(0, Numbers.Difference(expected.Slice(0, 70), actual.Slice(0, 70)));

        Matrix Target()
        {
            Matrix target = _numbers.Matrix(rows, 96);
            work.AimAt(target.Data, target.Stride);
            return target;
        }
    }

    private void Product(int rows, int inputs, TensorView[] parts)
    {
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
            Product(rows, inputs, parts, format);
    }

    private void Product(int rows, int inputs, TensorView[] parts, WeightFormat format)
    {
        Matrix x = _numbers.Matrix(rows, inputs);
        using WeightMatrix plain = _truth.Pack(parts, format);
        using WeightMatrix packed = _cpu.Pack(parts, format);
        Assert.Equal(plain.Outputs, packed.Outputs);
        Matrix expected = _numbers.Matrix(rows, plain.Outputs);
        Matrix actual = _numbers.Matrix(rows, packed.Outputs);
        _truth.MatMul(x, plain, expected);
        _cpu.MatMul(x, packed, actual);
        for (int part = 0; part < parts.Length; part++)
        {
            float difference = Numbers.Difference(expected.Slice(plain.Offset(part), plain.Size(part)), actual.Slice(packed.Offset(part), packed.Size(part)));
            Assert.InRange(difference, 0, format == WeightFormat.Int8 ? 0 : 1e-6f + (inputs * 2e-7f)); // sums of bytes are exact
        }
    }
}
