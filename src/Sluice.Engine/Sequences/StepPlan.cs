namespace Sluice.Engine.Sequences;

/// <summary>
/// One forward pass as data: which tokens of which sequences, at which positions, in which KV pages. Written by the planner, read by the model;
/// arrays are reused from step to step and are longer than what is used of them.
/// </summary>
/// <remarks>
/// A segment is a run of consecutive positions of one sequence. Segment s has rows [SegmentRow[s], SegmentRow[s + 1]); its first row stands at position
/// SegmentContext[s], and positions [0, SegmentContext[s]) are already in its pages. Its pages are Pages[PageStart[s] .. PageStart[s + 1]); position p lies in
/// page Pages[PageStart[s] + p / 16], slot p % 16. Prefill chunks, single decode steps, drafts and scored choices are all segments.
/// </remarks>
public sealed class StepPlan
{
    /// <summary>Tokens per KV page.</summary>
    public const int PageTokens = 16;

    public StepPlan(int maxRows, int maxSegments, int maxPages)
    {
        Tokens = new int[maxRows];
        Positions = new int[maxRows];
        OutputRows = new int[maxRows];
        LargestOnly = new bool[maxRows];
        HiddenRows = new int[maxRows];
        SegmentRow = new int[maxSegments + 1];
        SegmentContext = new int[maxSegments];
        PageStart = new int[maxSegments + 1];
        Pages = new int[maxPages];
    }

    public int Rows { get; set; }
    public int Segments { get; set; }

    /// <summary>Rows whose logits are wanted, ascending.</summary>
    public int Outputs { get; set; }

    /// <summary>Rows whose last hidden state (after the final norm) is wanted, ascending.</summary>
    public int Hiddens { get; set; }

    public int[] Tokens { get; } // (rows)
    public int[] Positions { get; } // (rows)
    public int[] OutputRows { get; } // (outputs)

    /// <summary>(outputs) Not the row of logits is wanted, but the largest of them: what a greedy pick needs.</summary>
    public bool[] LargestOnly { get; }

    public int[] HiddenRows { get; } // (hiddens)
    public int[] SegmentRow { get; } // (segments + 1)
    public int[] SegmentContext { get; } // (segments)
    public int[] PageStart { get; } // (segments + 1)
    public int[] Pages { get; } // (PageStart[segments])

    /// <summary>Pages that hold so many positions.</summary>
    public static int PagesOf(int positions) => (positions + PageTokens - 1) / PageTokens;

    /// <summary>Adds a segment without outputs; returns its first row.</summary>
    /// <param name="tokens">(rows) that follow one another.</param>
    /// <param name="context">Positions before them, which are in the pages.</param>
    /// <param name="pages">The sequence's, as many as its positions need or more.</param>
    internal int Add(ReadOnlySpan<int> tokens, int context, ReadOnlySpan<int> pages)
    {
        int segment = Segments++;
        int row = Rows;
        tokens.CopyTo(Tokens.AsSpan(row));
        for (int i = 0; i < tokens.Length; i++)
            Positions[row + i] = context + i;
        SegmentRow[segment] = row;
        SegmentRow[segment + 1] = row + tokens.Length;
        SegmentContext[segment] = context;
        if (segment == 0)
            PageStart[0] = 0;
        pages = pages[..PagesOf(context + tokens.Length)];
        pages.CopyTo(Pages.AsSpan(PageStart[segment]));
        PageStart[segment + 1] = PageStart[segment] + pages.Length;
        Rows += tokens.Length;
        return row;
    }

    public void Clear() => Rows = Segments = Outputs = Hiddens = 0;
}
