using System.Runtime.InteropServices;
using Sluice.Engine.Backends.Cpu;
using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Measuring;
using Sluice.Engine.Quantization;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

/// <summary>A host that lets memory be made executable for products, and then not for attention.</summary>
public sealed class RefusedAttentionTests
{
    private const int NoMemory = 12; // ENOMEM

    [Fact]
    public unsafe void A_backend_says_from_its_start_that_it_was_refused_the_tiles_of_attention()
    {
        Assert.SkipUnless(AssembledHost.HasInstructions(TileKind.BFloat16), "This processor, or what is left of it, has nothing that would be assembled for attention.");
        int asked = 0;

        // Those of products come first. None of these tiles is ever run.
        AssembledKernels kernels = new((_, _) =>
        {
            if (++asked != 2)
                return 0;
            Marshal.SetLastPInvokeError(NoMemory);
            return -1;
        });
        using CpuBackend backend = new(1, kernels, evenSlow: true);
        Assert.Equal($"attention: mprotect: {Marshal.GetPInvokeErrorMessage(NoMemory)}", backend.Refusal);
        Assert.Contains(CpuBackend.BFloat16Kernels, backend.Name, StringComparison.Ordinal);
        Assert.EndsWith(CpuBackend.NoAttentionKernels, backend.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void Attention_without_its_tiles_is_measured_by_the_peak_of_float32()
    {
        Peaks peaks = new(FmaGflops: 1, ByteGops: 2, BFloat16Gflops: 3, Vnni512Gops: 4, ReadGbs: 5);
        Assert.Equal(3, peaks.AttentionGflops("cpu/avx512+assembled" + CpuBackend.BFloat16Kernels, KvFormat.BFloat16));
        Assert.Equal(1, peaks.AttentionGflops("cpu/avx512+assembled" + CpuBackend.BFloat16Kernels + CpuBackend.NoAttentionKernels, KvFormat.BFloat16));
    }
}
