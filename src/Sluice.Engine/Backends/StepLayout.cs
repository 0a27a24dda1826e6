using Sluice.Engine.Sequences;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends;

/// <summary>A step plan in memory that kernels can read from any thread, with the rotary angles of its rows. Reused from step to step.</summary>
internal sealed unsafe class StepLayout : IDisposable
{
    /// <summary>Most rows of a tile: rows of one segment that attend together.</summary>
    public const int TileRows = 16;

    private readonly NativeBuffer _buffer;
    private readonly int _maxPages;

    /// <param name="maxRows">Rows of a step.</param>
    /// <param name="maxPages">Page entries of a step.</param>
    /// <param name="headDim">Of the model.</param>
    /// <param name="groups">Finds what attends to common pages together, and is disposed with this; null for nothing.</param>
    public StepLayout(int maxRows, int maxPages, int headDim, PrefixGroups? groups = null)
    {
        Groups = groups;
        _maxPages = maxPages;
        HalfDim = headDim / 2;
        _buffer = new NativeBuffer(Bytes(maxRows, maxPages, headDim));
        Cos = _buffer.Floats;
        Sin = Cos + ((long)maxRows * HalfDim);
        Tokens = (int*)(Sin + ((long)maxRows * HalfDim));
        Positions = Tokens + maxRows;
        RowPages = Positions + maxRows;
        TileStart = RowPages + maxRows;
        Pages = TileStart + maxRows + 1;
    }

    public int Rows { get; private set; }

    public int Tiles { get; private set; }

    public int HalfDim { get; }

    public PrefixGroups? Groups { get; }

    public float* Cos { get; } // (rows, head_dim / 2)
    public float* Sin { get; } // (rows, head_dim / 2)
    public int* Tokens { get; } // (rows)
    public int* Positions { get; } // (rows)
    public int* RowPages { get; } // (rows) index in Pages of the first page of the row's segment
    public int* TileStart { get; } // (tiles + 1) first row of each tile
    public int* Pages { get; }

    public static long Bytes(int maxRows, int maxPages, int headDim) =>
        (((long)maxRows * headDim) + (4L * maxRows) + 1 + maxPages) * sizeof(float);

    /// <summary>Takes a checked plan; <see cref="Cos"/> and <see cref="Sin"/> are the caller's to fill.</summary>
    public void Set(StepPlan plan)
    {
        Rows = plan.Rows;
        Tiles = 0;
        plan.Tokens.AsSpan(0, Rows).CopyTo(new Span<int>(Tokens, Rows));
        plan.Positions.AsSpan(0, Rows).CopyTo(new Span<int>(Positions, Rows));
        plan.Pages.AsSpan(0, plan.PageStart[plan.Segments]).CopyTo(new Span<int>(Pages, _maxPages));
        for (int s = 0; s < plan.Segments; s++)
        {
            for (int row = plan.SegmentRow[s]; row < plan.SegmentRow[s + 1]; row++)
            {
                RowPages[row] = plan.PageStart[s];
                if ((row - plan.SegmentRow[s]) % TileRows == 0)
                    TileStart[Tiles++] = row;
            }
        }

        TileStart[Tiles] = Rows;
        Groups?.Find(this);
    }

    /// <summary>Page of the row's own position.</summary>
    public int PageOf(int row) => Pages[RowPages[row] + (Positions[row] / StepPlan.PageTokens)];

    public void Dispose()
    {
        _buffer.Dispose();
        Groups?.Dispose();
    }
}
