using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>What becomes of a submitted job.</summary>
public abstract class SubmitContract(StoreHost host) : StoreContract(host)
{
    [Fact]
    public async Task A_job_is_queued_with_its_ticket_and_read_back_as_given()
    {
        NewJob job = Job() with
        {
            Class = JobClass.Interactive,
            CustomId = "line-1",
            TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            Submission = Guid.NewGuid(),
            RetryOf = JobId.New(TimeProvider.System),
            Ttl = TimeSpan.FromHours(1),
            OnLate = OnLate.Run,
            PrefixKey = -42,
            Request = new JobRequest { Model = Model, Prompt = "tea", Metadata = new Dictionary<string, string> { ["who"] = "Zoë \u0000" } },
        };
        SubmitResult result = await SubmitAsync(job);
        Assert.Equal(SubmitOutcome.Queued, result.Outcome);
        JobRecord stored = await GetAsync(job.Id);
        Assert.Equal(JobState.Queued, stored.State);
        Assert.Equal(stored.CreatedAt + job.Ttl, stored.Deadline);
        Assert.Equal((job.CustomId, job.Submission, job.RetryOf, OnLate.Run, JobClass.Interactive), (stored.CustomId, stored.Submission, stored.RetryOf, stored.OnLate, stored.Class));
        Assert.Equal("Zoë \u0000", stored.Metadata!["who"]);
        Assert.Equal((0, 0, 5, "r1"), (stored.Claims, stored.Failures, stored.PromptTokens, stored.ModelRevision));
        Assert.Equal(stored.Deadline, result.Job!.Deadline);
        OutboxRow ticket = Assert.Single(await RelayAsync());
        Assert.Equal((OutboxKind.Ticket, job.Id, Tenant, Model, JobClass.Interactive, -42L), (ticket.Kind, ticket.Job, ticket.Tenant, ticket.Model, ticket.Class, ticket.PrefixKey));
        Assert.Equal((stored.Deadline, job.TraceParent), (ticket.Deadline, ticket.TraceParent));
        JobInput? input = await Store.GetInputAsync(Tenant, job.Id, Token);
        Assert.Equal("tea", input!.Request.Prompt);
        Assert.Equal("default", input.Namespace);
    }

    [Fact]
    public async Task Another_tenant_sees_nothing_of_it()
    {
        NewJob job = Job();
        await SubmitAsync(job);
        Assert.Null(await Store.GetAsync(Other, job.Id, Token));
        Assert.Null(await Store.GetInputAsync(Other, job.Id, Token));
        Assert.Null(await Store.CancelAsync(Other, job.Id, Token));
        Assert.False(await Store.EraseAsync(Other, job.Id, Token));
        Assert.Empty(await Store.ListAsync(Other, new JobQuery(), Token));
        Assert.Equal(JobState.Queued, (await GetAsync(job.Id)).State);
    }

    [Fact]
    public async Task Results_are_in_the_order_of_the_jobs_and_one_refusal_does_not_touch_the_others()
    {
        NewJob first = Job() with { IdempotencyKey = "k", RequestHash = Hash("a") };
        await SubmitAsync(first);
        NewJob[] jobs =
        [
            Job(),
            Job() with { IdempotencyKey = "k", RequestHash = Hash("a") },
            Job() with { IdempotencyKey = "k", RequestHash = Hash("b") },
            Job(tenant: Other) with { IdempotencyKey = "k", RequestHash = Hash("b") },
            Job() with { IdempotencyKey = "k2", RequestHash = Hash("c") },
            Job() with { IdempotencyKey = "k2", RequestHash = Hash("c") },
            Job() with { IdempotencyKey = "k2", RequestHash = Hash("d") },
        ];
        IReadOnlyList<SubmitResult> results = await Store.SubmitAsync(jobs, Token);
        Assert.Equal(
            [SubmitOutcome.Queued, SubmitOutcome.Replayed, SubmitOutcome.KeyReused, SubmitOutcome.Queued, SubmitOutcome.Queued, SubmitOutcome.Replayed, SubmitOutcome.KeyReused],
            results.Select(r => r.Outcome));
        Assert.Equal([jobs[0].Id, first.Id, null, jobs[3].Id, jobs[4].Id, jobs[4].Id, null], results.Select(r => r.Job?.Id));
        Assert.Equal(3, (await Store.ListAsync(Tenant, new JobQuery(), Token)).Count);
        Assert.Equal(4, (await TicketsAsync()).Count);
    }

    [Fact]
    public async Task A_repeat_is_found_by_tenant_key_and_hash_and_nothing_else_is()
    {
        NewJob first = Job() with { IdempotencyKey = "k", RequestHash = Hash("a") };
        await SubmitAsync(first);
        Assert.Equal(first.Id, (await Store.FindRepeatedAsync(Tenant, "k", Hash("a"), Token))?.Id);
        Assert.Null(await Store.FindRepeatedAsync(Tenant, "k", Hash("b"), Token));
        Assert.Null(await Store.FindRepeatedAsync(Tenant, "l", Hash("a"), Token));
        Assert.Null(await Store.FindRepeatedAsync(Other, "k", Hash("a"), Token));
    }

    [Fact]
    public async Task A_full_tenant_is_refused_without_using_up_the_key_and_others_are_not()
    {
        NewJob[] jobs = [.. Enumerable.Range(0, 4).Select(_ => Job() with { TenantBound = 2 })];
        jobs[3] = jobs[3] with { IdempotencyKey = "k", RequestHash = Hash("a") };
        IReadOnlyList<SubmitResult> results = await Store.SubmitAsync([.. jobs, Job(tenant: Other) with { TenantBound = 2 }], Token);
        Assert.Equal([SubmitOutcome.Queued, SubmitOutcome.Queued, SubmitOutcome.TenantFull, SubmitOutcome.TenantFull, SubmitOutcome.Queued], results.Select(r => r.Outcome));
        Assert.Null(results[3].Job);
        Assert.Equal(SubmitOutcome.TenantFull, (await SubmitAsync(Job() with { TenantBound = 2 })).Outcome);
        await Store.CancelAsync(Tenant, jobs[0].Id, Token);
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(jobs[3])).Outcome);
    }

    [Fact]
    public async Task What_runs_or_has_ended_takes_no_room_of_its_tenant_and_what_is_queued_again_does()
    {
        NewJob bounded = Job() with { TenantBound = 3 };
        async Task FilledAsync(int room)
        {
            for (int i = 0; i < room; i++)
            {
                Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(bounded with { Id = NewId() })).Outcome);
            }
            Assert.Equal(SubmitOutcome.TenantFull, (await SubmitAsync(bounded with { Id = NewId() })).Outcome);
        }
        await FilledAsync(3);
        Guid worker = await WorkerAsync();
        JobId[] ids = [.. (await Store.ListAsync(Tenant, new JobQuery(), Token)).Select(job => job.Id)];
        await Store.ReserveAsync(worker, ids, Token);
        Assert.Equal(SubmitOutcome.TenantFull, (await SubmitAsync(bounded with { Id = NewId() })).Outcome);
        Fence[] fences = [.. (await Store.ClaimAsync(worker, ids, Token)).Select(job => job.Fence)];
        await Store.ReleaseAsync(worker, [fences[0]], Token);
        await FilledAsync(2);
        Assert.True(await SucceedAsync(worker, fences[1]));
        Assert.True(await FailAsync(worker, fences[2], retryable: true));
        Assert.Equal(SubmitOutcome.TenantFull, (await SubmitAsync(bounded with { Id = NewId() })).Outcome);
        await Store.CancelAsync(Tenant, fences[0].Job, Token);
        await Store.EraseAsync(Tenant, fences[2].Job, Token);
        await FilledAsync(1);
    }

    [Fact]
    public async Task An_answer_in_the_exact_cache_succeeds_at_once_without_a_ticket()
    {
        Guid worker = await WorkerAsync();
        NewJob leader = Twin();
        await SubmitAsync(leader);
        await SucceedAsync(worker, (await RunAsync(worker, leader.Id)).Fence);
        await RelayAsync();
        NewJob again = Twin() with { TenantBound = 0, CustomId = "again" };
        SubmitResult hit = await SubmitAsync(again);
        Assert.Equal(SubmitOutcome.CacheHit, hit.Outcome);
        JobRecord stored = await GetAsync(again.Id);
        Assert.Equal((JobState.Succeeded, AnswerSource.Cache, "exact", 1d), (stored.State, stored.Result!.Source, stored.Result.Cache!.Tier, stored.Result.Cache.Similarity));
        Assert.Equal("there was a frog", stored.Result.Outputs[0].Text);
        Assert.Equal(Answer().Usage, stored.Result.Usage);
        Assert.NotNull(stored.FinishedAt);
        Assert.Equal(stored.Result.Cache.Entry, hit.Job!.Result!.Cache!.Entry);
        OutboxRow told = Assert.Single(await RelayAsync());
        Assert.Equal((OutboxKind.JobFinished, again.Id, JobState.Succeeded, "again"), (told.Kind, told.Job, told.State, told.CustomId));
    }

    [Fact]
    public async Task The_cache_never_crosses_tenant_or_namespace_and_expires()
    {
        Guid worker = await WorkerAsync();
        NewJob leader = Twin() with { CacheTtl = Soon };
        await SubmitAsync(leader);
        await SucceedAsync(worker, (await RunAsync(worker, leader.Id)).Fence);
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Twin(tenant: Other))).Outcome);
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Twin() with { Namespace = "elsewhere" })).Outcome);
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Job())).Outcome);
        await PassAsync(Moment);
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Twin())).Outcome);
    }

    [Fact]
    public async Task A_semantic_match_answers_while_its_entry_stands_and_the_fingerprint_is_the_same()
    {
        Guid worker = await WorkerAsync();
        NewJob leader = Twin();
        await SubmitAsync(leader);
        await SucceedAsync(worker, (await RunAsync(worker, leader.Id)).Fence);
        string name = (await SubmitAsync(Twin())).Job!.Result!.Cache!.Entry;
        SemanticMatch match = new(Guid.ParseExact(name["ent_".Length..], "N"), 0.97);
        NewJob similar = Twin("Once upon the time") with { Match = match };
        SubmitResult hit = await SubmitAsync(similar);
        Assert.Equal(SubmitOutcome.CacheHit, hit.Outcome);
        Assert.Equal(("semantic", name, 0.97), (hit.Job!.Result!.Cache!.Tier, hit.Job.Result.Cache.Entry, hit.Job.Result.Cache.Similarity));
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Twin("a") with { Match = match, Fingerprint = Hash("other") })).Outcome);
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Twin("b", Other) with { Match = match })).Outcome);
        Assert.True(await Store.EraseAsync(Tenant, leader.Id, Token));
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Twin("c") with { Match = match })).Outcome);
    }

    [Fact]
    public async Task A_listing_is_newest_first_and_pages_by_cursor()
    {
        Guid submission = Guid.NewGuid();
        List<NewJob> jobs = [];
        for (int i = 0; i < 5; i++)
        {
            jobs.Add(Job() with { Submission = i < 3 ? submission : null, Id = new JobId(Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddDays(20_000).AddSeconds(i))) });
        }
        await Store.SubmitAsync(jobs, Token);
        await Store.CancelAsync(Tenant, jobs[1].Id, Token);
        JobId[] newestFirst = [.. jobs.Select(j => j.Id).Reverse()];
        Assert.Equal(newestFirst, (await Store.ListAsync(Tenant, new JobQuery(), Token)).Select(j => j.Id));
        Assert.Equal(newestFirst[2..4], (await Store.ListAsync(Tenant, new JobQuery { After = newestFirst[1], Limit = 2 }, Token)).Select(j => j.Id));
        Assert.Equal([jobs[1].Id], (await Store.ListAsync(Tenant, new JobQuery { State = JobState.Cancelled }, Token)).Select(j => j.Id));
        Assert.Equal(newestFirst[2..], (await Store.ListAsync(Tenant, new JobQuery { Submission = submission }, Token)).Select(j => j.Id));
    }

    [Fact]
    public async Task An_id_that_exists_is_a_bug_and_throws()
    {
        NewJob job = Job();
        await SubmitAsync(job);
        await Assert.ThrowsAnyAsync<Exception>(() => SubmitAsync(job));
    }
}
