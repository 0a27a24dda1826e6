using Sluice.Jobs;

namespace Sluice.Store;

/// <summary>A queued job that its holder might lose.</summary>
internal readonly record struct StealCandidate(JobId Id, string Model, long PrefixKey, JobClass Class, DateTimeOffset CreatedAt);

/// <summary>Which jobs an idle worker takes from a laden one.</summary>
internal static class StealPlan
{
    /// <summary>
    /// At most half of <paramref name="held"/> and at most <paramref name="max"/>: the largest prefix groups that fit whole, then, where room is left,
    /// the youngest of the group that comes next, whose holder would reach them last.
    /// </summary>
    public static List<JobId> Choose(IReadOnlyList<StealCandidate> held, int max)
    {
        int room = Math.Min(max, held.Count / 2);
        List<JobId> chosen = [];
        List<StealCandidate>? split = null;
        foreach (List<StealCandidate> group in held.GroupBy(c => (c.Model, c.PrefixKey)).Select(g => g.ToList()).OrderByDescending(g => g.Count).ThenBy(g => g[0].PrefixKey))
        {
            if (group.Count > room - chosen.Count)
            {
                split ??= group;
                continue;
            }
            chosen.AddRange(group.Select(c => c.Id));
        }
        if (split is not null && chosen.Count < room)
            chosen.AddRange(split.OrderByDescending(c => c.CreatedAt).ThenByDescending(c => c.Id.Value).Take(room - chosen.Count).Select(c => c.Id));
        return chosen;
    }
}
