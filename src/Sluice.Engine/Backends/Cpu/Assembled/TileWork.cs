namespace Sluice.Engine.Backends.Cpu.Assembled;

/// <summary>A product by assembled tiles, shared out by panels.</summary>
/// <remarks>Twelve rows at a time, then what is left of them at once. An output's sum is the same chain in every tile.</remarks>
internal unsafe struct TileWork : IPanelWork
{
    // Bytes of activations that stay in the second-level cache while the panels pass over them.
    private const int BlockBytes = 384 << 10;

    public TileSet Tiles;
    public CodeRows X;
    public int Rows { get; init; }
    public int Lines;
    public byte* Weights; // first line of the first panel
    public nint PanelBytes;
    public int Panels { get; init; }
    public float* Y; // (rows, panels x 32)
    public nint YStride; // floats

    public readonly void Run(int worker, int workers) =>
        Compute((int)((long)Panels * worker / workers), (int)((long)Panels * (worker + 1) / workers));

    public void AimAt(float* y, nint stride)
    {
        Y = y;
        YStride = stride;
    }

    public readonly void Compute(int from, int to)
    {
        int block = Math.Max(4 * TileAssembler.MostRows, BlockBytes / (int)X.Stride / TileAssembler.MostRows * TileAssembler.MostRows);
        for (int start = 0; start < Rows; start += block)
            Block(start, Math.Min(block, Rows - start), from, to);
    }

    private readonly void Block(int start, int rows, int from, int to)
    {
        int rest = rows % TileAssembler.MostRows;
        int body = rows - rest;
        int group = rest == 0 ? 1 : TileAssembler.Panels(rest);
        TileArguments arguments = new() { XStride = X.Stride, PanelBytes = PanelBytes, Lines = Lines, YStride = YStride * sizeof(float) };
        for (int panel = from; panel < to; panel += group)
        {
            int panels = Math.Min(group, to - panel);
            for (int p = panel; p < panel + panels; p++)
            {
                for (int row = start; row < start + body; row += TileAssembler.MostRows)
                {
                    Aim(ref arguments, row, p);
                    Tiles.Single(TileAssembler.MostRows, &arguments);
                }
            }

            if (rest == 0)
                continue;
            if (panels == group)
            {
                Aim(ref arguments, start + body, panel);
                Tiles.Several(rest, &arguments);
                continue;
            }

            for (int p = panel; p < panel + panels; p++)
            {
                Aim(ref arguments, start + body, p);
                Tiles.Single(rest, &arguments);
            }
        }
    }

    private readonly void Aim(ref TileArguments arguments, int row, int panel)
    {
        arguments.X = X.Row(row);
        arguments.Scales = X.Scales + row;
        arguments.Weights = Weights + (panel * PanelBytes);
        arguments.Y = Y + (row * YStride) + ((long)panel * PanelPacker.Width);
    }
}
