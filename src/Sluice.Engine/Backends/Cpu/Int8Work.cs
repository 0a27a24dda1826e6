namespace Sluice.Engine.Backends.Cpu;

/// <summary>A product of bytes, shared out by panels.</summary>
internal unsafe struct Int8Work : IWork
{
    // Bytes of activations that stay in the second-level cache while the panels pass over them.
    private const int BlockBytes = 384 << 10;

    public CodeRows X;
    public int Rows;
    public int Lines;
    public byte* Weights;
    public nint PanelBytes;
    public int Panels;
    public float* Y; // (rows, panels x 32)
    public nint YStride;

    /// <summary>Rows that go over the panels together. Sums are exact, so this changes no result.</summary>
    public readonly int BlockRows => Math.Max(48, BlockBytes / (int)X.Stride / 12 * 12);

    public void Run(int worker, int workers) =>
        Int8Kernel.Panels(this, (int)((long)Panels * worker / workers), (int)((long)Panels * (worker + 1) / workers));
}
