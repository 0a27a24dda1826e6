using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends.Cpu.Assembled;

/// <summary>Activations of a row to bfloat16, to nearest and ties to even. An odd last one is followed by a zero.</summary>
internal static unsafe class BFloat16Rows
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row(float* x, int count, ushort* target)
    {
        int i = 0;
        for (; i + 16 <= count; i += 16)
        {
            Vector512<uint> bits = Vector512.Load((uint*)x + i);
            Vector512<uint> rounded = (bits + Vector512.Create(0x7FFFu) + ((bits >> 16) & Vector512<uint>.One)) >> 16;
            Vector512<float> same = bits.AsSingle();
            rounded = Vector512.ConditionalSelect(Vector512.Equals(same, same).AsUInt32(), rounded, Vector512.Create(0x7FC0u)); // not a number stays none
            Avx512F.ConvertToVector256UInt16(rounded).Store(target + i);
        }

        for (; i < count; i++)
            target[i] = BFloat16.Narrow(x[i]);
        if (count % 2 != 0)
            target[count] = 0;
    }
}
