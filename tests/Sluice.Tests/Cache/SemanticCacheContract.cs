using Sluice.Jobs;
using Sluice.Store;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Tests.Cache;

/// <summary>What the semantic cache finds, and what it never does. Every "never" is paired with what is found at the same time.</summary>
public abstract class SemanticCacheContract(StoreHost host) : StoreContract(host)
{
    private static readonly float[] s_east = [1, 0, 0, 0];
    private static readonly float[] s_near = [0.8f, 0.6f, 0, 0];
    private static readonly float[] s_north = [0, 1, 0, 0];

    protected abstract ISemanticCache Cache { get; }

    [Fact]
    public async Task An_answer_is_found_by_a_similar_text_and_serves_it()
    {
        NewJob source = await AnsweredAsync(Asks("cancel my order", s_east));
        SemanticMatch match = Assert.Single(await FindAsync(Probe(source) with { Embedding = s_near }));
        Assert.Equal(0.8, match.Similarity, 1e-6);
        SubmitResult hit = await SubmitAsync(Asks("please cancel my order", s_near) with { Match = match });
        Assert.Equal(SubmitOutcome.CacheHit, hit.Outcome);
        CacheHit cache = hit.Job!.Result!.Cache!;
        Assert.Equal(("semantic", $"ent_{match.Entry:N}", "there was a frog"), (cache.Tier, cache.Entry, hit.Job.Result.Outputs[0].Text));
        Assert.Equal(0.8, cache.Similarity, 1e-6);
        Assert.Equal(AnswerSource.Cache, (await GetAsync(hit.Job.Id)).Result!.Source);
    }

    [Fact]
    public async Task Nothing_crosses_scope_fingerprint_embedder_guard_or_dimension_and_its_own_is_always_found()
    {
        SemanticProbe own = Probe(await AnsweredAsync(Asks("a", s_east)));
        SemanticProbe[] strangers =
        [
            own with { Tenant = Other }, own with { Namespace = "elsewhere" }, own with { Fingerprint = Hash("another model") }, own with { EmbedderId = "another" },
            own with { Guard = Hash("other numbers") }, own with { Embedding = [1, 0, 0] },
        ];
        IReadOnlyList<IReadOnlyList<SemanticMatch>> found = await Cache.FindAsync([own, .. strangers, own], 5, Token);
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 1], found.Select(f => f.Count));
    }

    [Fact]
    public async Task Tenants_and_namespaces_with_equal_texts_each_find_their_own_entry()
    {
        NewJob[] jobs = [Asks("a", s_east), Asks("a", s_east, Other), Asks("a", s_east) with { Namespace = "second" }, Asks("a", s_east, Other) with { Namespace = "second" }];
        foreach (NewJob job in jobs)
        {
            await AnsweredAsync(job, $"{job.Tenant}/{job.Namespace}");
        }
        IReadOnlyList<IReadOnlyList<SemanticMatch>> found = await Cache.FindAsync([.. jobs.Select(Probe)], 5, Token);
        Assert.Equal(4, found.Select(f => Assert.Single(f).Entry).Distinct().Count());
        for (int i = 0; i < jobs.Length; i++)
        {
            SubmitResult hit = await SubmitAsync(jobs[i] with { Id = NewId(), ExactKey = Hash("re-worded"), Match = found[i][0] });
            Assert.Equal($"{jobs[i].Tenant}/{jobs[i].Namespace}", hit.Job!.Result!.Outputs[0].Text);
            NewJob foreign = jobs[(i + 1) % jobs.Length] with { Id = NewId(), ExactKey = Hash($"foreign {i}"), Match = found[i][0] };
            Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(foreign)).Outcome);
        }
    }

    [Fact]
    public async Task Less_than_the_least_similarity_is_not_found()
    {
        SemanticProbe probe = Probe(await AnsweredAsync(Asks("a", s_east))) with { Embedding = s_near };
        Assert.Single(await FindAsync(probe with { MinSimilarity = 0.79 }));
        Assert.Empty(await FindAsync(probe with { MinSimilarity = 0.81 }));
        Assert.Empty(await FindAsync(probe with { Embedding = s_north, MinSimilarity = 0.01 }));
    }

    [Fact]
    public async Task The_most_similar_comes_first_and_of_equals_the_newest()
    {
        await AnsweredAsync(Asks("old", s_near), "old");
        await PassAsync(TimeSpan.FromMilliseconds(5));
        await AnsweredAsync(Asks("new", s_near), "new");
        await PassAsync(TimeSpan.FromMilliseconds(5));
        NewJob best = await AnsweredAsync(Asks("best", s_east), "best");
        IReadOnlyList<SemanticMatch> found = (await Cache.FindAsync([Probe(best) with { MinSimilarity = 0.5 }], 2, Token))[0];
        Assert.Equal(2, found.Count);
        List<string?> texts = [];
        foreach (SemanticMatch match in found)
        {
            SubmitResult hit = await SubmitAsync(Asks($"reads {match.Entry}", s_east) with { Match = match });
            texts.Add(hit.Job!.Result!.Outputs[0].Text);
        }
        Assert.Equal(["best", "new"], texts);
    }

    [Fact]
    public async Task A_rejected_entry_answers_nobody_in_either_tier_and_only_its_tenant_can_reject_it()
    {
        NewJob source = await AnsweredAsync(Asks("a", s_east));
        Guid entry = Assert.Single(await FindAsync(Probe(source))).Entry;
        Assert.False(await Cache.RejectAsync(Other, entry, Token));
        Assert.False(await Cache.RejectAsync(Tenant, Guid.NewGuid(), Token));
        SemanticMatch match = Assert.Single(await FindAsync(Probe(source)));
        Assert.True(await Cache.RejectAsync(Tenant, entry, Token));
        Assert.Empty(await FindAsync(Probe(source)));
        Assert.False(await Cache.RejectAsync(Tenant, entry, Token));
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Asks("b", s_east) with { Match = match })).Outcome);
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(source with { Id = NewId() })).Outcome);
    }

    [Fact]
    public async Task An_expired_entry_is_neither_found_nor_served_and_then_deleted()
    {
        NewJob brief = await AnsweredAsync(Asks("brief", s_east) with { CacheTtl = Soon });
        NewJob lasting = await AnsweredAsync(Asks("lasting", s_north));
        SemanticMatch match = (await FindAsync(Probe(brief)))[0];
        Assert.Equal(0, await Cache.TendAsync(Token));
        await PassAsync(Moment);
        Assert.Empty(await FindAsync(Probe(brief)));
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Asks("late", s_east) with { Match = match })).Outcome);
        Assert.Equal(1, await Cache.TendAsync(Token));
        Assert.Single(await FindAsync(Probe(lasting)));
    }

    [Fact]
    public async Task A_hit_does_not_lengthen_the_life_of_its_entry()
    {
        NewJob source = await AnsweredAsync(Asks("a", s_east) with { CacheTtl = Soon });
        SemanticMatch match = Assert.Single(await FindAsync(Probe(source)));
        Assert.Equal(SubmitOutcome.CacheHit, (await SubmitAsync(Asks("b", s_near) with { Match = match })).Outcome);
        await PassAsync(Moment);
        Assert.Empty(await FindAsync(Probe(source) with { MinSimilarity = 0 }));
    }

    [Fact]
    public async Task Only_jobs_of_mode_semantic_write_it()
    {
        SemanticProbe probe = Probe(await AnsweredAsync(Asks("semantic", s_east)));
        await AnsweredAsync(Asks("exact", s_east) with { CacheMode = CacheMode.Exact });
        await AnsweredAsync(Asks("not deterministic", s_east) with { CacheMode = CacheMode.Off, ExactKey = null, Fingerprint = null });
        await AnsweredAsync(Asks("no guard", s_east) with { Guard = null });
        Assert.Single(await FindAsync(probe));
    }

    [Fact]
    public async Task A_failed_job_leaves_no_entry()
    {
        NewJob job = Asks("a", s_east);
        await SubmitAsync(job);
        Guid worker = await WorkerAsync();
        await FailAsync(worker, (await RunAsync(worker, job.Id)).Fence);
        Assert.Empty(await FindAsync(Probe(job)));
        await AnsweredAsync(job with { Id = NewId() });
        Assert.Single(await FindAsync(Probe(job)));
    }

    [Fact]
    public async Task An_equal_answer_and_an_equal_live_job_go_before_one_that_only_means_the_same()
    {
        NewJob similar = await AnsweredAsync(Asks("similar", s_near), "similar");
        SemanticMatch match = Assert.Single(await FindAsync(Probe(similar)));
        NewJob leader = Asks("equal", s_east);
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(leader)).Outcome);
        Assert.Equal(SubmitOutcome.Twin, (await SubmitAsync(leader with { Id = NewId(), Match = match })).Outcome);
        Guid worker = await WorkerAsync();
        await SucceedAsync(worker, (await RunAsync(worker, leader.Id)).Fence, "equal");
        SubmitResult hit = await SubmitAsync(leader with { Id = NewId(), Match = match });
        Assert.Equal(("exact", "equal"), (hit.Job!.Result!.Cache!.Tier, hit.Job.Result.Outputs[0].Text));
    }

    [Fact]
    public async Task An_erased_job_takes_its_entry_along()
    {
        NewJob erased = await AnsweredAsync(Asks("a", s_east));
        NewJob kept = await AnsweredAsync(Asks("b", s_north));
        Assert.True(await Store.EraseAsync(Tenant, erased.Id, Token));
        Assert.Empty(await FindAsync(Probe(erased)));
        Assert.Single(await FindAsync(Probe(kept)));
    }

    [Fact]
    public async Task No_probe_is_no_answer()
    {
        Assert.Empty(await Cache.FindAsync([], 1, Token));
    }

    /// <summary>A deterministic job that reads and writes the semantic cache.</summary>
    protected static NewJob Asks(string prompt, float[] embedding, string tenant = Tenant) =>
        Twin(prompt, tenant) with { Embedding = embedding, Guard = Hash("guard"), MinSimilarity = 0.5 };

    protected static SemanticProbe Probe(NewJob job) => new()
    {
        Tenant = job.Tenant,
        Namespace = job.Namespace,
        Fingerprint = job.Fingerprint!,
        EmbedderId = job.EmbedderId!,
        Embedding = job.Embedding!,
        Guard = job.Guard!,
        MinSimilarity = 0.7,
    };

    protected async Task<IReadOnlyList<SemanticMatch>> FindAsync(SemanticProbe probe) => Assert.Single(await Cache.FindAsync([probe], 10, Token));

    /// <summary>Runs the job to its end; returns it.</summary>
    protected async Task<NewJob> AnsweredAsync(NewJob job, string text = "there was a frog")
    {
        Guid worker = await WorkerAsync();
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(job)).Outcome);
        Assert.True(await SucceedAsync(worker, (await RunAsync(worker, job.Id)).Fence, text));
        return job;
    }
}
