using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>y += x · panelᵀ in 512-bit registers, for tiles of 12 rows and fewer.</summary>
/// <remarks>
/// A tile is rows x 32 outputs of one panel, two registers per row: 12 rows take 24 registers for sums, two for weights and one for the row's element.
/// Few rows leave too few independent sums to hide the latency of a multiply-add, so tiles of one and two rows take several panels at once.
/// Rows are reached from every third one by one and two strides, which keeps the addresses in registers.
/// 16-bit weights are widened in registers, once per tile; where many tiles pass over them, once for all: some processors do that in the units that multiply.
/// </remarks>
internal static unsafe class GemmAvx512
{
    private const int GroupPanels = 4;
    private const int LargestTile = 12;

    // From so many rows on weights are widened once, so many inputs at a time: 24 KiB, which the first-level cache holds beside a tile's rows.
    private const int WidenOnceRows = 48, WideInputs = 192;

    // How far ahead of a line that is used once its followers are fetched; where rows need several tiles, the next block is fetched meanwhile.
    private const int StreamBytes = 4096;

    /// <summary>Panels [from, to).</summary>
    public static void Run<TRow>(in GemmWork work, int from, int to)
        where TRow : unmanaged, IPanelRow
    {
        if (work.Rows >= WidenOnceRows && TRow.Bytes < Float32Row.Bytes)
        {
            RunWide<TRow>(work, from, to);
            return;
        }

        bool once = work.Rows <= LargestTile;
        int block = once ? work.Inputs : GemmWork.BlockBytes / TRow.Bytes;
        nint ahead = once ? StreamBytes : GemmWork.BlockBytes;
        int group = work.Rows % 4 == 0 ? 1 : GroupPanels;
        for (int panel = from; panel < to; panel += group)
        {
            int panels = Math.Min(group, to - panel);
            work.Clear(panel, panels);
            for (int start = 0; start < work.Inputs; start += block)
                Block<TRow>(work, panel, panels, start, Math.Min(block, work.Inputs - start), ahead);
        }
    }

    /// <summary>Inputs [start, start + k) of panels, added to what stands in y.</summary>
    public static void Block<TRow>(in GemmWork work, int panel, int panels, int start, int k, nint ahead)
        where TRow : unmanaged, IPanelRow
    {
        int body = work.Rows - (work.Rows % 4);
        for (int p = panel; p < panel + panels && body > 0; p++)
            Body<TRow>(work, body, p, start, k, ahead);
        if (body < work.Rows)
            Tail<TRow>(work, body, panel, panels, start, k);
    }

    [SkipLocalsInit]
    private static void RunWide<TRow>(in GemmWork work, int from, int to)
        where TRow : unmanaged, IPanelRow
    {
        float* wide = stackalloc float[(WideInputs * PanelPacker.Width) + 16];
        wide = (float*)(((nint)wide + 63) & ~63);
        for (int panel = from; panel < to; panel++)
        {
            work.Clear(panel, 1);
            for (int start = 0; start < work.Inputs; start += WideInputs)
            {
                int k = Math.Min(WideInputs, work.Inputs - start);
                Widen<TRow>(work.Weights + (panel * work.PanelBytes) + ((long)start * TRow.Bytes), k, wide);
                GemmWork block = work;
                block.X += start;
                block.Inputs = k;
                block.Weights = (byte*)wide;
                block.PanelBytes = 0;
                block.Storage = DataType.Float32;
                Block<Float32Row>(block, panel, 1, 0, k, 0);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen<TRow>(byte* line, int k, float* target)
        where TRow : unmanaged, IPanelRow
    {
        for (int i = 0; i < k; i++)
        {
            TRow.Widen(line, out Vector512<float> low, out Vector512<float> high);
            low.Store(target);
            high.Store(target + 16);
            line += TRow.Bytes;
            target += PanelPacker.Width;
        }
    }

    private static void Body<TRow>(in GemmWork work, int rows, int panel, int start, int k, nint ahead)
        where TRow : unmanaged, IPanelRow
    {
        byte* w = work.Weights + (panel * work.PanelBytes) + ((long)start * TRow.Bytes);
        float* x = work.X + start;
        float* y = work.Y + ((long)panel * PanelPacker.Width);
        int row = 0;
        for (; rows - row >= 12; row += 12)
            TilesAvx512.Tile12x1<TRow>(x + (row * work.XStride), work.XStride, w, ahead, k, y + (row * work.YStride), work.YStride);
        if (rows - row >= 8)
        {
            TilesAvx512.Tile8x1<TRow>(x + (row * work.XStride), work.XStride, w, ahead, k, y + (row * work.YStride), work.YStride);
            row += 8;
        }

        if (rows - row >= 4)
            TilesAvx512.Tile4x1<TRow>(x + (row * work.XStride), work.XStride, w, ahead, k, y + (row * work.YStride), work.YStride);
    }

    // The last one to three rows.
    private static void Tail<TRow>(in GemmWork work, int row, int panel, int panels, int start, int k)
        where TRow : unmanaged, IPanelRow
    {
        byte* w = work.Weights + (panel * work.PanelBytes) + ((long)start * TRow.Bytes);
        float* x = work.X + start + (row * work.XStride);
        float* y = work.Y + ((long)panel * PanelPacker.Width) + (row * work.YStride);
        int left = work.Rows - row;
        if (left >= 2)
        {
            int p = 0;
            for (; panels - p >= 2; p += 2)
                TilesAvx512.Tile2x2<TRow>(x, work.XStride, w + (p * work.PanelBytes), work.PanelBytes, StreamBytes, k, y + (p * PanelPacker.Width), work.YStride);
            if (panels > p)
                TilesAvx512.Tile2x1<TRow>(x, work.XStride, w + (p * work.PanelBytes), StreamBytes, k, y + (p * PanelPacker.Width), work.YStride);
            x += 2 * work.XStride;
            y += 2 * work.YStride;
        }

        if (left % 2 == 0)
            return;
        if (panels == GroupPanels)
        {
            TilesAvx512.Tile1x4<TRow>(x, w, work.PanelBytes, StreamBytes, k, y);
            return;
        }

        for (int p = 0; p < panels; p++)
            TilesAvx512.Tile1x1<TRow>(x, w + (p * work.PanelBytes), StreamBytes, k, y + (p * PanelPacker.Width));
    }
}
