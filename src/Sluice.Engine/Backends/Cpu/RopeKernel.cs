using System.Runtime.CompilerServices;
using Sluice.Engine.Sequences;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Rotates a row's heads, (a, b) to (a cos - b sin, b cos + a sin) with a and b the halves of a head, and writes keys and values to its slot.</summary>
internal static unsafe class RopeKernel
{
    public static void Row(StepLayout step, int row, Matrix queries, Matrix keys, Matrix values, KvPages pages, int layer)
    {
        Rotate(step, row, queries);
        Rotate(step, row, keys);
        int dim = pages.HeadDim;
        int page = step.PageOf(row);
        int slot = step.Positions[row] % StepPlan.PageTokens;
        for (int head = 0; head < pages.KvHeads; head++)
            KvWriter.Write(pages, layer, page, head, slot, keys.Row(row) + (head * dim), values.Row(row) + (head * dim));
    }

    private static void Rotate(StepLayout step, int row, Matrix x)
    {
        int half = step.HalfDim;
        float* cos = step.Cos + ((long)row * half);
        float* sin = step.Sin + ((long)row * half);
        for (int start = 0; start < x.Columns; start += 2 * half)
            Head(x.Row(row) + start, cos, sin, half);
    }

    public static void Head(float* head, float* cos, float* sin, int half)
    {
        int done = half - (half % 16);
        if (Isa.Avx512)
            Vector<Lanes512>(head, cos, sin, half, done);
        else if (Isa.Avx2)
            Vector<Lanes256>(head, cos, sin, half, done);
        else
            done = 0;
        Scalar(head, cos, sin, half, done);
    }

    private static void Scalar(float* head, float* cos, float* sin, int half, int from)
    {
        for (int i = from; i < half; i++)
        {
            float a = head[i];
            float b = head[half + i];
            head[i] = (a * cos[i]) - (b * sin[i]);
            head[half + i] = (b * cos[i]) + (a * sin[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vector<TLanes>(float* head, float* cos, float* sin, int half, int to)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes minus = TLanes.Splat(-1);
        for (int i = 0; i < to; i += ILanes<TLanes>.Count)
        {
            TLanes a = TLanes.Load(head + i);
            TLanes b = TLanes.Load(head + half + i);
            TLanes c = TLanes.Load(cos + i);
            TLanes s = TLanes.Load(sin + i);
            TLanes.Fma(a, c, TLanes.Multiply(TLanes.Multiply(b, s), minus)).Store(head + i);
            TLanes.Fma(b, c, TLanes.Multiply(a, s)).Store(head + half + i);
        }
    }
}
