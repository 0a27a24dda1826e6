using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>y(row, output) = sum over k of x(row, k) x w(output, k).</summary>
/// <remarks>
/// The sum of an element is one chain of multiply-adds over k = 0, 1, 2, …, starting at 0, in every tile and block: a block stores its sums in y and the next
/// one goes on from there. So the result of a row does not depend on how many rows there are, nor on blocks, panels or threads. Speed comes from
/// independent chains side by side, never from cutting one.
/// </remarks>
internal static unsafe class GemmKernel
{
    public static GemmWork Work(Matrix x, WeightMatrix weights, Matrix y) => new()
    {
        X = x.Data,
        XStride = x.Stride,
        Rows = x.Rows,
        Inputs = weights.Inputs,
        Weights = weights.Buffer.Data,
        PanelBytes = weights.Format == WeightFormat.Int4
            ? Int4Panels.PanelBytes(weights.Inputs)
            : (nint)weights.Inputs * PanelPacker.Width * weights.Storage.Size(),
        Format = weights.Format,
        Panels = weights.PaddedOutputs / PanelPacker.Width,
        Storage = weights.Storage,
        Y = y.Data,
        YStride = y.Stride,
    };

    /// <summary>Panels [from, to) of a product.</summary>
    public static void Panels(in GemmWork work, int from, int to)
    {
        if (work.Format == WeightFormat.Int4)
        {
            Int4Kernel.Panels(work, from, to);
            return;
        }

        switch (work.Storage)
        {
            case DataType.Float32:
                Panels<Float32Row>(work, from, to);
                break;
            case DataType.Float16:
                Panels<Float16Row>(work, from, to);
                break;
            default:
                Panels<BFloat16Row>(work, from, to);
                break;
        }
    }

    /// <summary>Adds the first k inputs of one panel, float32, to what stands in y.</summary>
    public static void Accumulate(in GemmWork work, int panel, int k)
    {
        if (Isa.Avx512)
            GemmAvx512.Block<Float32Row>(work, panel, 1, 0, k, 0);
        else if (Isa.Avx2)
            GemmAvx2.Block<Float32Row>(work, panel, 1, 0, k);
        else
            AccumulateScalar(work, panel, k);
    }

    /// <summary>A multiplication and an addition, each rounded, where the machine has no fused one. Weights are widened once per output and block.</summary>
    public static void Scalar(in GemmWork work, int from, int to)
    {
        const int Block = 1024;
        int line = PanelPacker.Width * work.Storage.Size();
        float* wide = stackalloc float[Block];
        for (int output = from * PanelPacker.Width; output < to * PanelPacker.Width; output++)
        {
            byte* w = work.Weights + PanelPacker.Offset(work.Storage, work.Inputs, output);
            for (int row = 0; row < work.Rows; row++)
                work.Y[(row * work.YStride) + output] = 0;
            for (int start = 0; start < work.Inputs; start += Block)
            {
                int k = Math.Min(Block, work.Inputs - start);
                EmbedKernel.Widen(w + ((long)start * line), line, work.Storage, wide, k);
                for (int row = 0; row < work.Rows; row++)
                {
                    float* x = work.X + (row * work.XStride) + start;
                    float sum = work.Y[(row * work.YStride) + output];
                    for (int i = 0; i < k; i++)
                        sum += x[i] * wide[i];
                    work.Y[(row * work.YStride) + output] = sum;
                }
            }
        }
    }

    private static void AccumulateScalar(in GemmWork work, int panel, int k)
    {
        float* w = (float*)work.Weights;
        for (int row = 0; row < work.Rows; row++)
        {
            float* x = work.X + (row * work.XStride);
            float* y = work.Y + (row * work.YStride) + ((long)panel * PanelPacker.Width);
            for (int i = 0; i < k; i++)
            {
                for (int column = 0; column < PanelPacker.Width; column++)
                    y[column] += x[i] * w[(i * PanelPacker.Width) + column];
            }
        }
    }

    private static void Panels<TRow>(in GemmWork work, int from, int to)
        where TRow : unmanaged, IPanelRow
    {
        if (Isa.Avx512)
            GemmAvx512.Run<TRow>(work, from, to);
        else if (Isa.Avx2)
            GemmAvx2.Run<TRow>(work, from, to);
        else
            Scalar(work, from, to);
    }
}
