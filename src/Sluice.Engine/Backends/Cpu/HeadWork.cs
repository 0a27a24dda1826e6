using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// A product with a head of which some rows are wanted whole and of the others only the largest output. A few panels at a time go to memory that the
/// second-level cache holds, and from there to the rows or to what was largest so far.
/// </summary>
internal unsafe struct HeadWork<TProduct> : IWork
    where TProduct : struct, IPanelWork
{
    public TProduct Product;
    public int Outputs;
    public Matrix Logits; // (whole rows, outputs): the first rows of the product
    public float* Scratch; // (workers, HeadScratch.Floats)
    public nint ScratchStride; // floats

    public readonly void Run(int worker, int workers)
    {
        int from = (int)((long)Product.Panels * worker / workers), to = (int)((long)Product.Panels * (worker + 1) / workers);
        TopLogit* best = Best(worker);
        for (int row = Logits.Rows; row < Product.Rows; row++)
            best[row] = TopLogit.None;
        float* y = Scratch + (worker * ScratchStride) + HeadScratch.Heading(Product.Rows);
        int together = HeadScratch.Panels(Product.Rows);
        TProduct product = Product;
        for (int panel = from; panel < to; panel += together)
        {
            int first = panel * PanelPacker.Width;
            int end = Math.Min(panel + together, to);
            int count = Math.Min(end * PanelPacker.Width, Outputs) - first;
            nint stride = (nint)(end - panel) * PanelPacker.Width;
            product.AimAt(y - first, stride);
            product.Compute(panel, end);
            for (int row = 0; row < Logits.Rows; row++)
                new ReadOnlySpan<float>(y + (row * stride), count).CopyTo(new Span<float>(Logits.Row(row) + first, count));
            for (int row = Logits.Rows; row < Product.Rows; row++)
                TopKernel.Row(y + (row * stride), count, first, ref best[row]);
        }
    }

    /// <summary>After all have run: the largest of every row that is not wanted whole, one after another.</summary>
    public readonly void Merge(int workers, TopLogit* largest)
    {
        for (int row = Logits.Rows; row < Product.Rows; row++)
        {
            TopLogit best = Best(0)[row];
            for (int worker = 1; worker < workers; worker++)
            {
                if (Best(worker)[row].Value > best.Value)
                    best = Best(worker)[row];
            }

            largest[row - Logits.Rows] = best;
        }
    }

    private readonly TopLogit* Best(int worker) => (TopLogit*)(Scratch + (worker * ScratchStride));
}

/// <summary>A worker's memory in a <see cref="HeadWork{TProduct}"/>: what was largest in each row, then some panels of every row.</summary>
internal static class HeadScratch
{
    /// <summary>Floats per worker: a quarter of a MiB.</summary>
    public const int Floats = 64 << 10;

    /// <summary>Most rows at once.</summary>
    public const int MostRows = 1024;

    // A whole number of what tiles of any number of rows take at once.
    private const int MostPanels = 48;

    public static int Heading(int rows) => ((2 * rows) + 15) / 16 * 16;

    public static int Panels(int rows) => Math.Min(MostPanels, (Floats - Heading(rows)) / (rows * PanelPacker.Width));
}
