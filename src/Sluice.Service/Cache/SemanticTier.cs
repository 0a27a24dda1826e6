using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Cache;

/// <summary>Asks the semantic cache on behalf of jobs that are about to be stored.</summary>
internal sealed class SemanticTier(ISemanticCache cache)
{
    /// <summary>Characters; a longer prompt uses the exact tier only: two that long are rarely re-worded, and reading them costs intake.</summary>
    public const int LongestText = 16_384;

    /// <summary>Whether an answer to one text may serve another at all. An embedding never may.</summary>
    public static bool Serves(JobKind kind) => kind != JobKind.Embed;

    /// <summary>What <see cref="NewJob.Guard"/> of this prompt is; null where it is too long for this tier.</summary>
    public static byte[]? Guard(string prompt) => prompt.Length <= LongestText ? SimilarityGuard.Sign(prompt) : null;

    /// <summary>The jobs in their order, those that an entry answers with their <see cref="NewJob.Match"/>. One look-up for all.</summary>
    public async Task<IReadOnlyList<NewJob>> MatchAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        List<int> asking = [];
        List<SemanticProbe> probes = [];
        for (int i = 0; i < jobs.Count; i++)
        {
            if (Probe(jobs[i]) is SemanticProbe probe)
            {
                asking.Add(i);
                probes.Add(probe);
            }
        }
        if (probes.Count == 0)
        {
            return jobs;
        }
        IReadOnlyList<IReadOnlyList<SemanticMatch>> found = await cache.FindAsync(probes, 1, cancellationToken);
        NewJob[] matched = [.. jobs];
        for (int i = 0; i < asking.Count; i++)
        {
            if (found[i].Count > 0)
            {
                matched[asking[i]] = matched[asking[i]] with { Match = found[i][0] };
            }
        }
        return matched;
    }

    private static SemanticProbe? Probe(NewJob job) =>
        job is { CacheMode: CacheMode.Semantic, ExactKey: not null, Match: null, Fingerprint: { } fingerprint, Guard: { } guard, Embedding: { } embedding, EmbedderId: { } embedder }
            ? new SemanticProbe
            {
                Tenant = job.Tenant,
                Namespace = job.Namespace,
                Fingerprint = fingerprint,
                EmbedderId = embedder,
                Embedding = embedding,
                Guard = guard,
                MinSimilarity = job.MinSimilarity,
            }
            : null;
}
