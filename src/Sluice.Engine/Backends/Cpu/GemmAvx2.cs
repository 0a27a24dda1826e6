namespace Sluice.Engine.Backends.Cpu;

/// <summary>y += x · panelᵀ in 256-bit registers, for tiles of 6 rows and fewer.</summary>
/// <remarks>
/// Sixteen registers hold 6 rows x 16 outputs (half a panel: outputs 8 h to 8 h + 7 and 16 + 8 h to 23 + 8 h), so each panel is gone through twice.
/// One row takes two panels at once, to have sums enough that do not wait for each other.
/// </remarks>
internal static unsafe class GemmAvx2
{
    private const int GroupPanels = 4;

    /// <summary>Panels [from, to).</summary>
    public static void Run<TRow>(in GemmWork work, int from, int to)
        where TRow : unmanaged, IPanelRow
    {
        int block = work.Rows < 4 ? work.Inputs : GemmWork.BlockBytes / TRow.Bytes;
        for (int panel = from; panel < to; panel += GroupPanels)
        {
            int panels = Math.Min(GroupPanels, to - panel);
            work.Clear(panel, panels);
            for (int start = 0; start < work.Inputs; start += block)
                Block<TRow>(work, panel, panels, start, Math.Min(block, work.Inputs - start));
        }
    }

    /// <summary>Inputs [start, start + k) of panels, added to what stands in y.</summary>
    public static void Block<TRow>(in GemmWork work, int panel, int panels, int start, int k)
        where TRow : unmanaged, IPanelRow
    {
        byte* w = work.Weights + (panel * work.PanelBytes) + ((long)start * TRow.Bytes);
        float* x = work.X + start;
        float* y = work.Y + ((long)panel * PanelPacker.Width);
        int body = work.Rows - (work.Rows % 2);
        for (int p = 0; p < panels && body > 0; p++)
        {
            for (int half = 0; half < 2; half++)
                Body<TRow>(work, body, x, w + (p * work.PanelBytes), half, k, y + (p * PanelPacker.Width));
        }

        if (body == work.Rows)
            return;
        x += body * work.XStride;
        y += body * work.YStride;
        int done = 0;
        for (; panels - done >= 2; done += 2)
        {
            for (int half = 0; half < 2; half++)
                TilesAvx2.Tile1x2<TRow>(x, w + (done * work.PanelBytes), work.PanelBytes, half, k, y + (done * PanelPacker.Width));
        }

        for (int half = 0; half < 2 && done < panels; half++)
            TilesAvx2.Tile1x1<TRow>(x, w + (done * work.PanelBytes), half, k, y + (done * PanelPacker.Width));
    }

    private static void Body<TRow>(in GemmWork work, int rows, float* x, byte* w, int half, int k, float* y)
        where TRow : unmanaged, IPanelRow
    {
        int row = 0;
        for (; rows - row >= 6 && rows - row != 8; row += 6)
            TilesAvx2.Tile6x1<TRow>(x + (row * work.XStride), work.XStride, w, half, k, y + (row * work.YStride), work.YStride);
        for (; rows - row >= 4; row += 4)
            TilesAvx2.Tile4x1<TRow>(x + (row * work.XStride), work.XStride, w, half, k, y + (row * work.YStride), work.YStride);
        if (rows - row >= 2)
            TilesAvx2.Tile2x1<TRow>(x + (row * work.XStride), work.XStride, w, half, k, y + (row * work.YStride), work.YStride);
    }
}
