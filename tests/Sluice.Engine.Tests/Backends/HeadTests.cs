using System.Runtime.InteropServices;
using Sluice.Engine.Backends;
using Sluice.Engine.Backends.Cpu;
using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Backends.Reference;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

/// <summary>A head that gives some rows whole and of the others the largest finds what looking through whole rows finds.</summary>
public sealed unsafe class HeadTests : IDisposable
{
    private readonly Numbers _numbers = new(11);

    public void Dispose() => _numbers.Dispose();

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void It_is_the_same_to_the_bit_as_whole_rows(int threads, bool assembled)
    {
        using CpuBackend cpu = new(threads, assembled ? AssembledKernels.OfProcess : null, evenSlow: true);
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
        {
            foreach (int outputs in (int[])[1, 31, 32, 33, 400, 1000, 1700])
            {
                WeightMatrix head = _numbers.Own(cpu.Pack([_numbers.Tensor(DataType.BFloat16, outputs, 120)], format));
                foreach ((int rows, int whole) in ((int, int)[])[(1, 0), (1, 1), (2, 1), (3, 0), (7, 2), (12, 0), (13, 5), (29, 0), (64, 63)])
                    Same(cpu, head, _numbers.Matrix(rows, 120), whole);
            }
        }

        WeightMatrix many = _numbers.Own(cpu.Pack([_numbers.Tensor(DataType.BFloat16, 700, 40)], WeightFormat.Stored));
        Same(cpu, many, _numbers.Matrix(1100, 40), 3);
        Same(cpu, many, _numbers.Matrix(1100, 40), 1050);
        using ReferenceBackend truth = new();
        Same(truth, _numbers.Own(truth.Pack([_numbers.Tensor(DataType.BFloat16, 33, 9)], WeightFormat.Int8)), _numbers.Matrix(5, 9), 2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Of_equals_the_lowest_id_is_taken_wherever_they_stand(int threads)
    {
        const int Outputs = 1000, Inputs = 64;
        using CpuBackend cpu = new(threads);
        TopLogit* largest = stackalloc TopLogit[2];
        foreach ((int first, int second) in ((int, int)[])[(0, 1), (3, 40), (14, 15), (15, 16), (31, 32), (100, 999), (499, 500), (200, 600), (998, 999)])
        {
            TensorView tensor = _numbers.Tensor(DataType.Float32, Outputs, Inputs);
            for (int i = 0; i < Inputs; i++)
            {
                foreach (int output in (int[])[first, second])
                    ((float*)tensor.Data)[(output * Inputs) + i] = 2;
            }

            Matrix x = _numbers.Matrix(2, Inputs);
            for (int i = 0; i < Inputs; i++)
                x.Row(0)[i] = x.Row(1)[i] = 1;
            cpu.Head(x, _numbers.Own(cpu.Pack([tensor], WeightFormat.Stored)), _numbers.Matrix(0, Outputs), largest);
            Assert.Equal(new TopLogit(first, 2 * Inputs), largest[0]);
            Assert.Equal(new TopLogit(first, 2 * Inputs), largest[1]);
        }
    }

    [Fact]
    public void Not_a_number_is_never_the_largest()
    {
        using CpuBackend cpu = new(2);
        TensorView tensor = _numbers.Tensor(DataType.Float32, 700, 32);
        float* values = (float*)tensor.Data;
        for (int output = 0; output < 700; output += output % 3 == 0 ? 1 : 2)
            values[(output * 32) + 5] = float.NaN;
        Same(cpu, _numbers.Own(cpu.Pack([tensor], WeightFormat.Stored)), _numbers.Matrix(9, 32), 2);
        for (int output = 0; output < 700; output++)
            values[(output * 32) + 5] = float.NaN;
        TopLogit* largest = stackalloc TopLogit[1];
        cpu.Head(_numbers.Matrix(1, 32), _numbers.Own(cpu.Pack([tensor], WeightFormat.Stored)), _numbers.Matrix(0, 700), largest);
        Assert.Equal(TopLogit.None, largest[0]);
    }

    private void Same(IBackend backend, WeightMatrix head, Matrix x, int whole)
    {
        Matrix expected = _numbers.Matrix(x.Rows, head.Outputs);
        backend.MatMul(x, head, expected);
        Matrix logits = _numbers.Matrix(whole, head.Outputs);
        TopLogit[] largest = new TopLogit[x.Rows - whole + 1];
        fixed (TopLogit* at = largest)
            backend.Head(x, head, logits, at);
        for (int row = 0; row < whole; row++)
            Assert.True(MemoryMarshal.AsBytes(expected.Span(row)).SequenceEqual(MemoryMarshal.AsBytes(logits.Span(row))), $"row {row}");
        for (int row = whole; row < x.Rows; row++)
        {
            TopLogit best = TopLogit.None;
            TopKernel.Scalar(expected.Row(row), head.Outputs, 0, ref best);
            Assert.Equal(best, largest[row - whole]);
        }
    }
}
