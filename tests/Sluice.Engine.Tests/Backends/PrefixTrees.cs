using Sluice.Engine.Sequences;

namespace Sluice.Engine.Tests.Backends;

/// <summary>Random steps whose sequences have leading pages in common, as the prefix cache gives them: a tree of page tables.</summary>
internal sealed class PrefixTrees(int seed)
{
    private static readonly int[] s_rows = [1, 1, 1, 1, 1, 5, 3, 40]; // decoding, drafts being verified, a chunk of a prompt

    private readonly Random _random = new(seed);

    /// <summary>Pages given out to steps so far, none of them twice but as a common prefix.</summary>
    public int Pages { get; private set; }

    /// <param name="segments">Of the step.</param>
    /// <param name="mostPages">Pages of a segment in front of its rows.</param>
    /// <param name="decodes">Only segments of one row.</param>
    public StepPlan Next(int segments, int mostPages, bool decodes = false)
    {
        List<(int[] Pages, int Context)> tables = [];
        StepPlan plan = new(segments * 40, segments, segments * (mostPages + 4)) { Segments = segments };
        Pages = 0;
        for (int s = 0; s < segments; s++)
        {
            int[] prefix = [];
            if (tables.Count > 0 && _random.Next(5) > 0)
            {
                (int[] pages, int context) = tables[_random.Next(tables.Count)];
                prefix = pages[..(_random.Next(3) > 0 ? context / 16 : _random.Next((context / 16) + 1))];
            }

            int own = _random.Next(3) == 0 ? _random.Next(mostPages - prefix.Length + 1) : Math.Min(_random.Next(4), mostPages - prefix.Length);
            int first = (prefix.Length + own) * 16;
            int at = _random.Next(3) == 0 || own == 0 ? first : first - _random.Next(own * 16);
            tables.Add((Add(plan, s, prefix, at, decodes ? 1 : s_rows[_random.Next(s_rows.Length)]), at));
        }

        return plan;
    }

    /// <summary>Segments of one row each behind a common prefix and a tail of their own, or, without sharing, a copy of the prefix each.</summary>
    public static StepPlan Group(int members, int prefixPages, int tailPages, bool share)
    {
        PrefixTrees trees = new(0);
        StepPlan plan = new(members, members, members * (prefixPages + tailPages)) { Segments = members };
        int[] prefix = [.. Enumerable.Range(0, prefixPages)];
        trees.Pages = share ? prefixPages : 0;
        for (int s = 0; s < members; s++)
            trees.Add(plan, s, share ? prefix : [], ((prefixPages + tailPages) * 16) - 1 - (s % 16), 1);
        return plan;
    }

    private int[] Add(StepPlan plan, int s, int[] prefix, int context, int rows)
    {
        int pages = (context + rows + 15) / 16;
        int[] table = [.. prefix, .. Enumerable.Range(Pages, pages - prefix.Length)];
        Pages += pages - prefix.Length;
        plan.SegmentRow[s] = plan.Rows;
        plan.SegmentContext[s] = context;
        table.CopyTo(plan.Pages, plan.PageStart[s]);
        plan.PageStart[s + 1] = plan.PageStart[s] + pages;
        for (int row = 0; row < rows; row++)
            plan.Positions[plan.Rows++] = context + row;
        plan.SegmentRow[s + 1] = plan.Rows;
        return table;
    }
}
