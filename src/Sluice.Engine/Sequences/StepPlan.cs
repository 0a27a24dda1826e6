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

    public void Clear() => Rows = Segments = Outputs = Hiddens = 0;
}
