using Sluice.Engine.Backends;
using Sluice.Engine.Backends.Cpu;
using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

/// <summary>A product whose activations the operation before it brought into form gives the same bits as one that does it itself.</summary>
public sealed unsafe class PreparedProductTests : IDisposable
{
    private readonly Numbers _numbers = new(17);

    public void Dispose() => _numbers.Dispose();

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public void Preparing_changes_no_bit(int threads, bool assembled)
    {
        using CpuBackend cpu = new(threads, assembled ? AssembledKernels.OfProcess : null, evenSlow: true);
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
        {
            foreach (int columns in (int[])[1, 2, 31, 33, 130, 577])
            {
                WeightMatrix weights = _numbers.Own(cpu.Pack([_numbers.Tensor(DataType.BFloat16, 70, columns)], format));
                float* scale = _numbers.Matrix(1, columns).Data;
                foreach (int rows in (int[])[1, 2, 13, 64])
                {
                    Matrix x = _numbers.Matrix(rows, columns);
                    Matrix delta = _numbers.Matrix(rows, columns);
                    Matrix y = _numbers.Matrix(rows, columns);
                    cpu.AddRmsNorm(x, delta, scale, 1e-5f, y, weights);
                    Same(cpu, y, weights);
                    cpu.RmsNorm(x, scale, 1e-5f, y, weights);
                    Same(cpu, y, weights);
                    cpu.SiluMultiply(x, delta, y, weights);
                    Same(cpu, y, weights);
                }
            }
        }
    }

    private void Same(CpuBackend cpu, Matrix y, WeightMatrix weights)
    {
        Matrix prepared = _numbers.Matrix(y.Rows, weights.Outputs);
        cpu.MatMul(y, weights, prepared, prepared: true);
        Matrix own = _numbers.Matrix(y.Rows, weights.Outputs);
        cpu.MatMul(y, weights, own);
        Assert.Equal(0, Numbers.Difference(own, prepared));
    }
}
