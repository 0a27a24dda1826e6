namespace Sluice.Engine.Backends.Cpu;

/// <summary>A matrix product, shared out by panels.</summary>
internal unsafe struct GemmWork : IPanelWork
{
    /// <summary>Bytes of a panel that stay in the first-level cache while all rows pass over them.</summary>
    public const int BlockBytes = 32 << 10;

    public float* X; // (rows, inputs)
    public nint XStride;
    public int Rows { get; init; }
    public int Inputs;
    public byte* Weights; // (panels, inputs, 32)
    public nint PanelBytes;
    public int Panels { get; init; }
    public Weights.DataType Storage;
    public Quantization.WeightFormat Format;
    public float* Y; // (rows, panels x 32)
    public nint YStride;

    public readonly void Run(int worker, int workers) =>
        Compute((int)((long)Panels * worker / workers), (int)((long)Panels * (worker + 1) / workers));

    public readonly void Compute(int from, int to) => GemmKernel.Panels(this, from, to);

    public void AimAt(float* y, nint stride)
    {
        Y = y;
        YStride = stride;
    }

    /// <summary>Sets the outputs of some panels to 0 in every row.</summary>
    public readonly void Clear(int panel, int panels)
    {
        for (int row = 0; row < Rows; row++)
            new Span<float>(Y + (row * YStride) + ((long)panel * PanelPacker.Width), panels * PanelPacker.Width).Clear();
    }
}
