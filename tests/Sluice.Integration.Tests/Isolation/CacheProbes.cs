using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Integration.Tests.Isolation;

/// <summary>
/// Ten ways to get at what another scope's cache holds, each tried on every entry; then the owner asks for its own again.
/// What finds nothing at all would pass the first half alone, so both are counted.
/// </summary>
internal sealed class CacheProbes(IJobStore store, ISemanticCache cache, IReadOnlyList<NewJob> owned, string stranger)
{
    private const int Batch = 250;

    public int Tried { get; private set; }

    public List<string> Leaks { get; } = [];

    public int OwnSemantic { get; private set; }

    public int OwnExact { get; private set; }

    /// <summary>What the owner's own answers say, in the order of its jobs.</summary>
    public required IReadOnlyList<string> Canaries { get; init; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await FindAsync("the same question", p => p with { Tenant = stranger }, cancellationToken);
        await FindAsync("anything at all", p => p with { Tenant = stranger, MinSimilarity = -1 }, cancellationToken);
        await FindAsync("the opposite", p => p with { Tenant = stranger, MinSimilarity = -1, Embedding = [.. p.Embedding.Select(x => -x)] }, cancellationToken);
        await FindAsync("the owner's name as a namespace", p => p with { Tenant = stranger, Namespace = $"{p.Tenant}/{p.Namespace}" }, cancellationToken);
        await FindAsync("a pattern for a name", p => p with { Tenant = "%" }, cancellationToken);
        await FindAsync("the owner's name in other letters", p => p with { Tenant = p.Tenant.ToUpperInvariant() }, cancellationToken);
        await FindAsync("the owner's other namespace", p => p with { Namespace = "second" }, cancellationToken);
        await SubmitAsync("the same request", job => job with { Tenant = stranger }, cancellationToken);
        await StealAsync(cancellationToken);
        await RejectAsync(cancellationToken);
        await OwnAsync(cancellationToken);
    }

    private static SemanticProbe Probe(NewJob job) => new()
    {
        Tenant = job.Tenant,
        Namespace = job.Namespace,
        Fingerprint = job.Fingerprint!,
        EmbedderId = job.EmbedderId!,
        Embedding = job.Embedding!,
        Guard = job.Guard!,
        MinSimilarity = 0.999,
    };

    private static NewJob Asked(NewJob job) => job with { Id = JobId.New(TimeProvider.System) };

    private async Task FindAsync(string how, Func<SemanticProbe, SemanticProbe> change, CancellationToken cancellationToken)
    {
        foreach (NewJob[] some in owned.Chunk(Batch))
        {
            IReadOnlyList<IReadOnlyList<SemanticMatch>> found = await cache.FindAsync([.. some.Select(job => change(Probe(job)))], 5, cancellationToken);
            Tried += some.Length;
            Leaks.AddRange(found.Where(matches => matches.Count > 0).Select(matches => $"{how}: {matches.Count} entries"));
        }
    }

    private async Task SubmitAsync(string how, Func<NewJob, NewJob> change, CancellationToken cancellationToken)
    {
        foreach (NewJob[] some in owned.Chunk(Batch))
        {
            IReadOnlyList<SubmitResult> results = await store.SubmitAsync([.. some.Select(job => change(Asked(job)))], cancellationToken);
            Tried += some.Length;
            Leaks.AddRange(results.Where(result => result.Outcome != SubmitOutcome.Queued || result.Job?.Result is not null).Select(result => $"{how}: {result.Outcome}"));
        }
    }

    /// <summary>Names the owner's own entry as what was found.</summary>
    private async Task StealAsync(CancellationToken cancellationToken)
    {
        foreach (NewJob[] some in owned.Chunk(Batch))
        {
            SemanticMatch[] matches = [.. (await cache.FindAsync([.. some.Select(Probe)], 1, cancellationToken)).Select(found => found.Count > 0 ? found[0] : new SemanticMatch(Guid.Empty, 0))];
            NewJob[] jobs = [.. some.Select((job, i) => Asked(job) with { Tenant = stranger, ExactKey = Guid.NewGuid().ToByteArray(), Match = matches[i] })];
            IReadOnlyList<SubmitResult> results = await store.SubmitAsync(jobs, cancellationToken);
            Tried += some.Length;
            Leaks.AddRange(results.Where(result => result.Outcome != SubmitOutcome.Queued || result.Job?.Result is not null).Select(result => $"the owner's entry by its id: {result.Outcome}"));
        }
    }

    /// <summary>Throws the owner's entries out.</summary>
    private async Task RejectAsync(CancellationToken cancellationToken)
    {
        foreach (NewJob[] some in owned.Chunk(Batch))
        {
            foreach (IReadOnlyList<SemanticMatch> found in await cache.FindAsync([.. some.Select(Probe)], 1, cancellationToken))
            {
                Tried++;
                if (found.Count > 0 && await cache.RejectAsync(stranger, found[0].Entry, cancellationToken))
                {
                    Leaks.Add("the owner's entry was evicted");
                }
            }
        }
    }

    private async Task OwnAsync(CancellationToken cancellationToken)
    {
        for (int first = 0; first < owned.Count; first += Batch)
        {
            NewJob[] some = [.. owned.Skip(first).Take(Batch)];
            IReadOnlyList<IReadOnlyList<SemanticMatch>> found = await cache.FindAsync([.. some.Select(Probe)], 1, cancellationToken);
            NewJob[] reworded = [.. some.Select((job, i) => Asked(job) with { ExactKey = Guid.NewGuid().ToByteArray(), Match = found[i].Count > 0 ? found[i][0] : null })];
            OwnSemantic += Hits(await store.SubmitAsync(reworded, cancellationToken), first);
            OwnExact += Hits(await store.SubmitAsync([.. some.Select(Asked)], cancellationToken), first);
        }
    }

    /// <summary>Hits whose text is the very one that this job was answered with.</summary>
    private int Hits(IReadOnlyList<SubmitResult> results, int first) =>
        results.Where((result, i) => result.Outcome == SubmitOutcome.CacheHit && result.Job?.Result?.Outputs[0].Text == Canaries[first + i]).Count();
}
