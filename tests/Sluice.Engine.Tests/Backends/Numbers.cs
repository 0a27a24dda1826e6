using Sluice.Engine.Backends;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Tests.Backends;

/// <summary>Random matrices whose room beyond their columns holds not-a-number, so that a kernel which uses it is found out.</summary>
internal sealed unsafe class Numbers(int seed) : IDisposable
{
    private readonly Random _random = new(seed);
    private readonly List<IDisposable> _owned = [];

    public Matrix Matrix(int rows, int columns)
    {
        Arena arena = Own(new Arena(Arena.BytesOf(rows, columns)));
        Matrix matrix = arena.Take(rows, columns);
        for (int row = 0; row < rows; row++)
        {
            new Span<float>(matrix.Row(row), matrix.Stride).Fill(float.NaN);
            for (int i = 0; i < columns; i++)
                matrix.Row(row)[i] = (2 * _random.NextSingle()) - 1;
        }

        return matrix;
    }

    public Matrix Copy(Matrix matrix)
    {
        Matrix copy = Matrix(matrix.Rows, matrix.Columns);
        for (int row = 0; row < matrix.Rows; row++)
            matrix.Span(row).CopyTo(new Span<float>(copy.Row(row), copy.Columns));
        return copy;
    }

    /// <summary>A weight as it lies in a file: (outputs, inputs).</summary>
    public TensorView Tensor(DataType type, int outputs, int inputs)
    {
        NativeBuffer buffer = Own(new NativeBuffer((long)outputs * inputs * type.Size()));
        for (long i = 0; i < (long)outputs * inputs; i++)
        {
            float value = (2 * _random.NextSingle()) - 1;
            if (type == DataType.Float32)
                buffer.Floats[i] = value;
            else if (type == DataType.Float16)
                ((Half*)buffer.Data)[i] = (Half)(i % 7 == 0 ? value * 1e-5f : value); // subnormal ones too
            else
                ((ushort*)buffer.Data)[i] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
        }

        return new TensorView("weight", type, outputs, inputs, buffer.Data);
    }

    /// <summary>One segment of so many rows after so many positions; pages in reverse order.</summary>
    public StepLayout Step(int context, int rows, int headDim)
    {
        int pages = (context + rows + 15) / 16;
        Sequences.StepPlan plan = new(rows, 1, pages) { Rows = rows, Segments = 1 };
        plan.SegmentRow[1] = rows;
        plan.SegmentContext[0] = context;
        plan.PageStart[1] = pages;
        for (int i = 0; i < pages; i++)
            plan.Pages[i] = pages - 1 - i;
        for (int row = 0; row < rows; row++)
            plan.Positions[row] = context + row;
        StepLayout step = Own(new StepLayout(rows, pages, headDim));
        step.Set(plan);
        for (int i = 0; i < rows * headDim / 2; i++)
            (step.Sin[i], step.Cos[i]) = MathF.SinCos(_random.NextSingle() * 100);
        return step;
    }

    /// <summary>Pages full of not-a-number.</summary>
    public KvPages Pages(int pages, int kvHeads, int headDim, KvFormat format = KvFormat.Float32)
    {
        KvPages kv = Own(new KvPages(1, pages, kvHeads, headDim, format));
        kv.Fill(float.NaN);
        return kv;
    }

    public T Own<T>(T thing)
        where T : IDisposable
    {
        _owned.Add(thing);
        return thing;
    }

    /// <summary>Largest difference over the columns; NaN where one side alone is not a number.</summary>
    public static float Difference(Matrix a, Matrix b)
    {
        float worst = 0;
        for (int row = 0; row < a.Rows; row++)
        {
            for (int i = 0; i < a.Columns; i++)
            {
                float difference = MathF.Abs(a.Row(row)[i] - b.Row(row)[i]);
                worst = float.IsNaN(difference) ? float.NaN : MathF.Max(worst, difference);
            }
        }

        return worst;
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
            owned.Dispose();
    }
}
