using Sluice.Jobs;

namespace Sluice.Store;

/// <summary>A queued job that its holder might lose. <paramref name="Runs"/>: the holder runs jobs of the same prefix.</summary>
internal readonly record struct StealCandidate(JobId Id, string Model, long PrefixKey, DateTimeOffset CreatedAt, bool Runs);

/// <summary>Which jobs an idle worker takes from a laden one.</summary>
internal static class StealPlan
{
    private const int SmallestPart = 2;

    /// <summary>Of jobs that nobody holds, so many times what the thief has room for are looked at, the oldest tickets first.</summary>
    public const int Forsaken = 20;

    /// <summary>
    /// At most <paramref name="room"/>: the largest prefix groups that fit whole, those whose prefix the holder has in its pages last. Where none fits, the youngest
    /// of the largest, whose holder would reach them last: both compute the prefix then.
    /// </summary>
    public static List<JobId> Choose(IReadOnlyList<StealCandidate> held, int room)
    {
        List<JobId> chosen = [];
        List<StealCandidate>? split = null;
        foreach (List<StealCandidate> group in held.GroupBy(c => (c.Model, c.PrefixKey)).Select(g => g.ToList()).OrderBy(g => g[0].Runs).ThenByDescending(g => g.Count).ThenBy(g => g[0].PrefixKey))
        {
            if (group.Count > room - chosen.Count)
            {
                split ??= group;
                continue;
            }
            chosen.AddRange(group.Select(c => c.Id));
        }
        if (chosen.Count == 0 && split is not null && room >= SmallestPart)
            chosen.AddRange(split.OrderByDescending(c => c.CreatedAt).ThenByDescending(c => c.Id.Value).Take(room).Select(c => c.Id));
        return chosen;
    }
}
