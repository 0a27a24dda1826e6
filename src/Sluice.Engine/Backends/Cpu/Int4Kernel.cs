using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sluice.Engine.Quantization;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>y(row, output) = sum over k of x(row, k) x w(output, k) with w = code x scale + offset, rounded once.</summary>
/// <remarks>
/// The sum is the chain of <see cref="GemmKernel"/>. A group of a panel is widened to float32 where the first-level cache holds it, and all rows pass over
/// it; a single row multiplies what it widens at once, in registers. Both give the same weights and the same chain, hence the same bits.
/// </remarks>
internal static unsafe class Int4Kernel
{
    private const int GroupFloats = Int4Weights.Group * PanelPacker.Width;

    /// <summary>Panels [from, to) of a product.</summary>
    [SkipLocalsInit]
    public static void Panels(in GemmWork work, int from, int to)
    {
        int panel = from;
        if (Isa.Avx512 && work.Rows == 1)
        {
            for (; panel + 2 <= to; panel += 2)
                Row2(work.X, work.Inputs, work.Weights + (panel * work.PanelBytes), work.PanelBytes, work.Y + ((long)panel * PanelPacker.Width));
        }

        float* wide = stackalloc float[GroupFloats + 16];
        wide = (float*)(((nint)wide + 63) & ~63);
        for (; panel < to; panel++)
        {
            work.Clear(panel, 1);
            for (int start = 0; start < work.Inputs; start += Int4Weights.Group)
            {
                int k = Math.Min(Int4Weights.Group, work.Inputs - start);
                Widen(work.Weights + (panel * work.PanelBytes) + ((long)(start / Int4Weights.Group) * Int4Panels.GroupBytes), k, wide);
                GemmWork group = work;
                group.X += start;
                group.Inputs = k;
                group.Weights = (byte*)wide;
                group.PanelBytes = 0;
                group.Storage = DataType.Float32;
                GemmKernel.Accumulate(group, panel, k);
            }
        }
    }

    /// <summary>k lines of a group to float32, (k, 32).</summary>
    public static void Widen(byte* group, int k, float* target)
    {
        if (Isa.Avx512)
            Wide(group, k, target);
        else if (Isa.Avx2)
            Half(group, k, target);
        else
            Scalar(group, k, target);
    }

    public static void Scalar(byte* group, int k, float* target)
    {
        for (int column = 0; column < PanelPacker.Width; column++)
        {
            uint word = ((uint*)group)[column];
            byte* codes = group + Int4Panels.Heading + (column % 16);
            for (int i = 0; i < k; i++)
            {
                int pair = codes[i * Int4Panels.LineBytes];
                target[(i * PanelPacker.Width) + column] = Int4Weights.Value(column < 16 ? pair & 15 : pair >> 4, Int4Weights.ScaleOf(word), Int4Weights.OffsetOf(word));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Wide(byte* group, int k, float* target)
    {
        Split(Vector512.Load((uint*)group), out Vector512<float> s0, out Vector512<float> o0);
        Split(Vector512.Load((uint*)group + 16), out Vector512<float> s1, out Vector512<float> o1);
        byte* line = group + Int4Panels.Heading;
        for (int i = 0; i < k; i++)
        {
            Vector512<int> pair = Avx512F.ConvertToVector512Int32(Vector128.Load(line));
            Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(pair & Vector512.Create(15)), s0, o0).Store(target);
            Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(pair >> 4), s1, o1).Store(target + 16);
            line += Int4Panels.LineBytes;
            target += PanelPacker.Width;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Half(byte* group, int k, float* target)
    {
        for (int column = 0; column < 16; column += 8)
        {
            Vector256<uint> low = Vector256.Load((uint*)group + column), high = Vector256.Load((uint*)group + 16 + column);
            Vector256<float> s0 = (low << 16).AsSingle(), o0 = (low & Vector256.Create(0xFFFF0000)).AsSingle();
            Vector256<float> s1 = (high << 16).AsSingle(), o1 = (high & Vector256.Create(0xFFFF0000)).AsSingle();
            byte* line = group + Int4Panels.Heading + column;
            for (int i = 0; i < k; i++)
            {
                Vector256<int> pair = Avx2.ConvertToVector256Int32(line + (i * Int4Panels.LineBytes));
                float* at = target + (i * PanelPacker.Width) + column;
                Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(pair & Vector256.Create(15)), s0, o0).Store(at);
                Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(pair >> 4), s1, o1).Store(at + 16);
            }
        }
    }

    // One row over two panels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row2(float* x, int inputs, byte* panel, nint panelBytes, float* y)
    {
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default;
        Vector512<int> mask = Vector512.Create(15);
        for (int start = 0; start < inputs; start += Int4Weights.Group)
        {
            Split(Vector512.Load((uint*)panel), out Vector512<float> s0, out Vector512<float> o0);
            Split(Vector512.Load((uint*)panel + 16), out Vector512<float> s1, out Vector512<float> o1);
            Split(Vector512.Load((uint*)(panel + panelBytes)), out Vector512<float> s2, out Vector512<float> o2);
            Split(Vector512.Load((uint*)(panel + panelBytes) + 16), out Vector512<float> s3, out Vector512<float> o3);
            byte* line = panel + Int4Panels.Heading;
            int k = Math.Min(Int4Weights.Group, inputs - start);
            for (int i = 0; i < k; i++)
            {
                Vector512<int> first = Avx512F.ConvertToVector512Int32(Vector128.Load(line));
                Vector512<int> second = Avx512F.ConvertToVector512Int32(Vector128.Load(line + panelBytes));
                Vector512<float> a = Vector512.Create(x[start + i]);
                c0 = Vector512.FusedMultiplyAdd(a, Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(first & mask), s0, o0), c0);
                c1 = Vector512.FusedMultiplyAdd(a, Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(first >> 4), s1, o1), c1);
                c2 = Vector512.FusedMultiplyAdd(a, Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(second & mask), s2, o2), c2);
                c3 = Vector512.FusedMultiplyAdd(a, Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(second >> 4), s3, o3), c3);
                line += Int4Panels.LineBytes;
            }

            panel += Int4Panels.GroupBytes;
        }

        c0.Store(y);
        c1.Store(y + 16);
        c2.Store(y + 32);
        c3.Store(y + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Split(Vector512<uint> words, out Vector512<float> scale, out Vector512<float> offset)
    {
        scale = (words << 16).AsSingle();
        offset = (words & Vector512.Create(0xFFFF0000)).AsSingle();
    }
}
