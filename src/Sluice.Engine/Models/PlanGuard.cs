using Sluice.Engine.Sequences;

namespace Sluice.Engine.Models;

/// <summary>Checks a plan before kernels follow it: they read memory by its numbers.</summary>
internal static class PlanGuard
{
    public static void Check(StepPlan plan, Model model)
    {
        ModelOptions options = model.Options;
        AtMost(plan.Rows, Math.Min(options.MaxStepTokens, plan.Tokens.Length), nameof(plan.Rows));
        AtMost(plan.Segments, Math.Min(options.MaxSequences, plan.SegmentContext.Length), nameof(plan.Segments));
        AtMost(plan.Outputs, Math.Min(options.MaxOutputs, plan.OutputRows.Length), nameof(plan.Outputs));
        AtMost(plan.Hiddens, Math.Min(options.MaxStepTokens, plan.HiddenRows.Length), nameof(plan.Hiddens));
        Equal(plan.SegmentRow[0], 0, "SegmentRow[0]", 0);
        Equal(plan.SegmentRow[plan.Segments], plan.Rows, "SegmentRow[Segments]", plan.Segments);
        for (int s = 0; s < plan.Segments; s++)
            CheckSegment(plan, model, s);
        for (int i = 0; i < plan.Outputs; i++)
            Below(plan.OutputRows[i], plan.Rows, nameof(plan.OutputRows), i);
        for (int i = 0; i < plan.Hiddens; i++)
            Below(plan.HiddenRows[i], plan.Rows, nameof(plan.HiddenRows), i);
    }

    private static void CheckSegment(StepPlan plan, Model model, int s)
    {
        int first = plan.SegmentRow[s];
        int rows = plan.SegmentRow[s + 1] - first;
        int context = plan.SegmentContext[s];
        int pageStart = plan.PageStart[s];
        Below(first, plan.Rows, nameof(plan.SegmentRow), s);
        Below(rows - 1, plan.Rows - first, "rows of SegmentRow", s);
        Below(context, model.Config.ContextLength, nameof(plan.SegmentContext), s);
        Below(context + rows - 1, model.Config.ContextLength, "last position of segment", s);
        int pages = (context + rows + StepPlan.PageTokens - 1) / StepPlan.PageTokens;
        if (pageStart < 0 || plan.PageStart[s + 1] > plan.Pages.Length || plan.PageStart[s + 1] - pageStart < pages)
            throw new ArgumentException($"PageStart[{s}]: expected {pages} pages within {plan.Pages.Length}, found [{pageStart}, {plan.PageStart[s + 1]})");
        AtMost(plan.PageStart[s + 1], MemoryPlanner.MaxPlanPages(model.Config, model.Options, model.Memory.Pages), nameof(plan.PageStart));
        for (int page = 0; page < pages; page++)
            Below(plan.Pages[pageStart + page], model.Memory.Pages, nameof(plan.Pages), pageStart + page);
        for (int row = first; row < first + rows; row++)
        {
            Below(plan.Tokens[row], model.Config.VocabularySize, nameof(plan.Tokens), row);
            Equal(plan.Positions[row], context + row - first, nameof(plan.Positions), row);
        }
    }

    private static void AtMost(int value, int limit, string name)
    {
        if (value < 0 || value > limit)
            throw new ArgumentException($"{name}: expected 0 to {limit}, found {value}");
    }

    private static void Below(int value, int limit, string name, int index)
    {
        if ((uint)value >= (uint)limit)
            throw new ArgumentException($"{name}[{index}]: expected 0 to {limit - 1}, found {value}");
    }

    private static void Equal(int value, int expected, string name, int index)
    {
        if (value != expected)
            throw new ArgumentException($"{name} ({index}): expected {expected}, found {value}");
    }
}
