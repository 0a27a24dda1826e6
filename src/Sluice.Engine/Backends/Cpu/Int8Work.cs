namespace Sluice.Engine.Backends.Cpu;

/// <summary>A product of bytes, shared out by panels.</summary>
internal unsafe struct Int8Work : IPanelWork
{
    // Bytes of activations that stay in the second-level cache while the panels pass over them.
    private const int BlockBytes = 192 << 10;

    public CodeRows X;
    public int Rows { get; init; }
    public int Lines;
    public byte* Weights;
    public nint PanelBytes;
    public int Panels { get; init; }
    public float* Y; // (rows, panels x 32)
    public nint YStride;

    /// <summary>Rows that go over the panels together. Sums are exact, so this changes no result.</summary>
    public readonly int BlockRows => Math.Max(24, BlockBytes / (int)X.Stride / 12 * 12);

    public readonly void Run(int worker, int workers) =>
        Compute((int)((long)Panels * worker / workers), (int)((long)Panels * (worker + 1) / workers));

    public readonly void Compute(int from, int to) => Int8Kernel.Panels(this, from, to);

    public void AimAt(float* y, nint stride)
    {
        Y = y;
        YStride = stride;
    }
}
