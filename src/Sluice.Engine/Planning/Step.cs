using Sluice.Engine.Sequences;

namespace Sluice.Engine.Planning;

/// <summary>Slots [0, Tokens) of a page that a choice continues in a page of its own.</summary>
internal readonly record struct PageCopy(int From, int To, int Tokens);

/// <summary>A plan, whose lane each of its segments is, and the page copies that come before it. Reused from step to step.</summary>
internal sealed class Step
{
    private readonly Lane[] _lanes; // (segments)
    private readonly PageCopy[] _copies; // (segments)
    private int _copyCount;

    /// <param name="limits">Of the planner.</param>
    /// <param name="pages">That there are: no sequence has more.</param>
    public Step(PlannerLimits limits, int pages)
    {
        int pagesEach = Math.Min(Pages(limits.ContextLength), pages);
        Plan = new StepPlan(limits.MaxStepTokens, limits.MaxSequences, checked(limits.MaxSequences * pagesEach));
        _lanes = new Lane[limits.MaxSequences];
        _copies = new PageCopy[limits.MaxSequences];
    }

    public StepPlan Plan { get; }

    public ReadOnlySpan<Lane> Lanes => _lanes.AsSpan(0, Plan.Segments);

    public ReadOnlySpan<PageCopy> Copies => _copies.AsSpan(0, _copyCount);

    /// <summary>Steps planned before this one.</summary>
    public long Number { get; private set; } = -1;

    public int PrefillTokens { get; private set; }

    public int DecodeTokens { get; private set; }

    /// <summary>Rows of guesses; apart from those of <see cref="DecodeTokens"/>.</summary>
    public int DraftedTokens { get; private set; }

    /// <summary>Σ over rows of the positions that the row attends to.</summary>
    public long KvTokens { get; private set; }

    /// <summary>Pages that hold this many positions.</summary>
    public static int Pages(int positions) => StepPlan.PagesOf(positions);

    public void Clear()
    {
        Array.Clear(_lanes, 0, Plan.Segments);
        Plan.Clear();
        _copyCount = PrefillTokens = DecodeTokens = DraftedTokens = 0;
        KvTokens = 0;
        Number++;
    }

    public void Add(PageCopy copy) => _copies[_copyCount++] = copy;

    /// <summary>Adds the lane's next rows, its guesses included; its pages must reach that far.</summary>
    public void Add(Lane lane, int rows)
    {
        int context = lane.Computed;
        _lanes[Plan.Segments] = lane;
        int row = Plan.Add(lane.Tokens.AsSpan(context - lane.Start, rows), context, lane.Lease.Pages);
        Want(lane, row, rows);
        if (lane.Owner.Decoding)
            DecodeTokens += rows - lane.Drafted;
        else
            PrefillTokens += rows;
        DraftedTokens += lane.Drafted;
        KvTokens += ((long)rows * context) + ((long)rows * (rows + 1) / 2);
    }

    private void Want(Lane lane, int row, int rows)
    {
        StepPlan plan = Plan;
        if (lane.Output == LaneOutput.LastLogits)
        {
            for (int i = lane.Remaining - 1; i < rows; i++)
                WantLogits(row + i, lane.Owner.PicksLargest);
            return;
        }

        for (int i = 0; i < rows; i++)
        {
            if (lane.Output == LaneOutput.EveryLogits)
                WantLogits(row + i, largestOnly: false);
            else
                plan.HiddenRows[plan.Hiddens++] = row + i;
        }
    }

    private void WantLogits(int row, bool largestOnly)
    {
        Plan.OutputRows[Plan.Outputs] = row;
        Plan.LargestOnly[Plan.Outputs++] = largestOnly;
    }
}
