using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>Endpoints, deliveries, and how senders share them.</summary>
public abstract class WebhookStoreContract(StoreHost host) : StoreContract(host)
{
    private const string Hook = "https://hooks.example.org/in";
    private static readonly TimeSpan s_days = TimeSpan.FromDays(5);
    private static readonly byte[] s_body = [1, 2, 3];

    [Fact]
    public async Task Endpoints_are_kept_per_tenant_up_to_the_bound()
    {
        Guid one = await EndpointAsync(), two = await EndpointAsync(events: ["job.failed"]);
        Assert.False(await Webhooks.AddAsync(New(Guid.CreateVersion7()), 2, Token));
        Assert.False(await Webhooks.AddAsync(New(one, Other), 2, Token));
        Guid other = await EndpointAsync(Other);
        Assert.Equal(new[] { one, two }.Order(), (await Webhooks.ListAsync(Tenant, Token)).Select(e => e.Id).Order());
        WebhookEndpoint kept = (await Webhooks.GetAsync(Tenant, two, Token))!;
        Assert.Equal((Hook, "job.failed", (byte)7), (kept.Url, Assert.Single(kept.Events), Assert.Single(kept.Secret)));
        Assert.Null(await Webhooks.GetAsync(Tenant, other, Token));
        Assert.False(await Webhooks.DeleteAsync(Tenant, other, Token));
        Assert.Null(await Webhooks.RotateAsync(Tenant, other, [8], Soon, Token));
        Assert.Null(await Webhooks.EnableAsync(Tenant, other, Token));
        Assert.True(await Webhooks.DeleteAsync(Other, other, Token));
        Assert.Empty(await Webhooks.ListAsync(Other, Token));
    }

    [Fact]
    public async Task The_end_of_a_job_is_due_for_its_own_webhook_and_for_the_endpoints_that_want_it()
    {
        Guid all = await EndpointAsync(), succeeded = await EndpointAsync(events: ["job.succeeded"]), finished = await EndpointAsync(events: ["job.finished"]);
        await EndpointAsync(events: ["job.failed"]);
        await EndpointAsync(Other);
        await SecretOfJobsAsync();
        NewJob job = await EndedAsync(With("https://job.example.org/x", "job.succeeded"));
        await EndedAsync(With("https://job.example.org/x", "job.failed"));
        List<DeliveryFacts> composed = [];
        IReadOnlyList<DueDelivery> due = await ClaimAsync(20, facts => { composed.Add(facts); return s_body; });
        Assert.Equal(7, due.Count);
        DueDelivery own = Assert.Single(due, d => d.Endpoint is null);
        Assert.Equal(("https://job.example.org/x", Tenant, 1, (byte)9), (own.Url, own.Tenant, own.Attempt, Assert.Single(Assert.Single(own.Secrets))));
        Assert.Equal(new[] { all, succeeded, finished }.Order(), due.Select(d => d.Endpoint).OfType<Guid>().Distinct().Order());
        Assert.All(due, d => Assert.Equal(s_body, d.Body));
        DeliveryFacts facts = Assert.Single(composed, f => f.Delivery == own.Id);
        Assert.Equal((job.Id, "job.succeeded", JobState.Succeeded, "mine", (string?)null), (facts.Job, facts.Event, facts.State, facts.CustomId, facts.ErrorCode));
    }

    [Fact]
    public async Task A_claimed_delivery_is_due_again_only_after_its_lease_with_the_body_it_had()
    {
        await DueAsync();
        DueDelivery first = Assert.Single(await ClaimAsync());
        Assert.Empty(await ClaimAsync());
        await PassAsync(Moment);
        DueDelivery again = Assert.Single(await ClaimAsync(compose: _ => throw new InvalidOperationException("A body is composed once.")));
        Assert.Equal((first.Id, 2), (again.Id, again.Attempt));
        Assert.Equal(first.Body, again.Body);
        Assert.Equal(DeliveryRecorded.Stale, await Webhooks.RecordAsync(Report(first, DeliveryState.Delivered), s_days, Token));
        Assert.Equal(DeliveryRecorded.Written, await Webhooks.RecordAsync(Report(again, DeliveryState.Delivered), s_days, Token));
        Assert.Equal(DeliveryRecorded.Stale, await Webhooks.RecordAsync(Report(again, DeliveryState.Delivered), s_days, Token));
        await PassAsync(Moment);
        Assert.Empty(await ClaimAsync());
    }

    [Fact]
    public async Task Senders_that_claim_at_once_share_without_overlap()
    {
        for (int i = 0; i < 12; i++)
        {
            await EndedAsync(With($"https://h{i}.example.org/"));
        }
        IReadOnlyList<DueDelivery>[] shares = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ClaimAsync(4)));
        List<DueDelivery> all = [.. shares.SelectMany(s => s), .. await ClaimAsync(12)];
        Assert.Equal(12, all.Select(d => d.Id).Distinct().Count());
        Assert.Equal(12, all.Count);
    }

    [Fact]
    public async Task Busy_targets_and_tenants_are_left_out_and_a_probe_gets_one()
    {
        await EndedAsync(With("https://Slow.example.org/a?x=1"));
        await EndedAsync(With("https://slow.example.org?y"));
        await EndedAsync(With("https://slow.example.org/c"));
        await EndedAsync(With("https://fast.example.org/"));
        DeliveryClaim ask = new() { Most = 10, PerTarget = 2, Lease = TimeSpan.Zero };
        IReadOnlyList<DueDelivery> due = await Webhooks.ClaimAsync(ask, _ => s_body, Token);
        Assert.Equal(["acme fast.example.org", "acme slow.example.org", "acme slow.example.org"], due.Select(d => d.Target).Order());
        due = await Webhooks.ClaimAsync(ask with { Probes = ["acme slow.example.org"] }, _ => s_body, Token);
        Assert.Equal(["acme fast.example.org", "acme slow.example.org"], due.Select(d => d.Target).Order());
        due = await Webhooks.ClaimAsync(ask with { BusyTargets = ["acme slow.example.org"] }, _ => s_body, Token);
        Assert.Equal("acme fast.example.org", Assert.Single(due).Target);
        Assert.Empty(await Webhooks.ClaimAsync(ask with { BusyTenants = [Tenant] }, _ => s_body, Token));
    }

    [Fact]
    public async Task One_tenant_with_many_targets_does_not_take_a_whole_claim()
    {
        foreach (string tenant in new[] { Tenant, Other })
        {
            for (int i = 0; i < (tenant == Tenant ? 12 : 3); i++)
            {
                await EndedAsync(With($"https://h{i / 2}.example.org/") with { Id = NewId(), Tenant = tenant });
            }
        }
        DeliveryClaim ask = new() { Most = 8, PerTarget = 1, PerTenant = 4, Lease = TimeSpan.Zero };
        IReadOnlyList<DueDelivery> due = await Webhooks.ClaimAsync(ask, _ => s_body, Token);
        Assert.Equal((4, 2), (due.Count(d => d.Tenant == Tenant), due.Count(d => d.Tenant == Other)));
        Assert.Equal(6, due.Select(d => d.Target).Distinct().Count());
    }

    [Fact]
    public async Task A_failure_is_due_again_after_its_delay_and_what_ended_is_not()
    {
        Guid endpoint = await DueAsync();
        DueDelivery due = Assert.Single(await ClaimAsync());
        await Webhooks.RecordAsync(Report(due, DeliveryState.Pending, "http_status", 503) with { Delay = Soon }, s_days, Token);
        Assert.Empty(await ClaimAsync());
        WebhookDelivery shown = Assert.Single(await Webhooks.DeliveriesAsync(Tenant, endpoint, 10, Token));
        Assert.Equal((due.Id, DeliveryState.Pending, 1, 503, "http_status"), (shown.Id, shown.State, shown.Attempts, shown.LastStatus, shown.LastError));
        Assert.NotNull((await Webhooks.GetAsync(Tenant, endpoint, Token))!.FailingSince);
        await PassAsync(Moment);
        due = Assert.Single(await ClaimAsync());
        await Webhooks.RecordAsync(Report(due, DeliveryState.Exhausted, "timeout"), s_days, Token);
        await PassAsync(Moment);
        Assert.Empty(await ClaimAsync());
        Assert.Empty(await Webhooks.DeliveriesAsync(Other, endpoint, 10, Token));
    }

    [Fact]
    public async Task A_replay_sends_the_same_again_whatever_became_of_it()
    {
        Guid endpoint = await DueAsync();
        DueDelivery due = Assert.Single(await ClaimAsync());
        await Webhooks.RecordAsync(Report(due, DeliveryState.Delivered, status: 200), s_days, Token);
        Assert.Null(await Webhooks.ReplayAsync(Other, endpoint, due.Id, Token));
        Assert.Null(await Webhooks.ReplayAsync(Tenant, WebhookEndpoint.OfJobs(Tenant), due.Id, Token));
        Assert.Equal(DeliveryState.Pending, (await Webhooks.ReplayAsync(Tenant, endpoint, due.Id, Token))!.State);
        DueDelivery again = Assert.Single(await ClaimAsync(compose: _ => [0]));
        Assert.Equal((due.Id, 1, Convert.ToHexString(due.Body)), (again.Id, again.Attempt, Convert.ToHexString(again.Body)));
    }

    [Fact]
    public async Task An_endpoint_is_disabled_by_gone_at_once_and_what_waits_for_it_is_dropped()
    {
        Guid endpoint = await DueAsync();
        await EndedAsync(Job());
        DueDelivery due = Assert.Single(await ClaimAsync(1));
        Assert.Equal(DeliveryRecorded.Disabled, await Webhooks.RecordAsync(Report(due, DeliveryState.Dropped, "http_status", 410) with { Gone = true }, s_days, Token));
        WebhookEndpoint disabled = (await Webhooks.GetAsync(Tenant, endpoint, Token))!;
        Assert.Equal("gone", disabled.DisabledReason);
        Assert.NotNull(disabled.DisabledAt);
        await EndedAsync(Job());
        Assert.Empty(await ClaimAsync());
        Assert.All(await Webhooks.DeliveriesAsync(Tenant, endpoint, 10, Token), d => Assert.Equal(DeliveryState.Dropped, d.State));
        Assert.Null((await Webhooks.EnableAsync(Tenant, endpoint, Token))!.DisabledAt);
        await EndedAsync(Job());
        Assert.Single(await ClaimAsync());
    }

    [Fact]
    public async Task Failures_alone_for_long_enough_disable_and_a_success_starts_the_count_anew()
    {
        Guid endpoint = await DueAsync();
        await FailOnceAsync();
        Assert.NotNull((await Webhooks.GetAsync(Tenant, endpoint, Token))!.FailingSince);
        await PassAsync(Moment);
        await EndedAsync(Job());
        await Webhooks.RecordAsync(Report((await ClaimAsync())[0], DeliveryState.Delivered), Soon, Token);
        Assert.Null((await Webhooks.GetAsync(Tenant, endpoint, Token))!.FailingSince);
        await EndedAsync(Job());
        Assert.Equal(DeliveryRecorded.Written, await FailOnceAsync());
        await PassAsync(Moment);
        await EndedAsync(Job());
        Assert.Equal(DeliveryRecorded.Disabled, await FailOnceAsync());
        Assert.Equal("failing", (await Webhooks.GetAsync(Tenant, endpoint, Token))!.DisabledReason);
    }

    [Fact]
    public async Task A_rotated_secret_signs_beside_the_new_one_until_it_ends()
    {
        Guid endpoint = await DueAsync();
        WebhookEndpoint rotated = (await Webhooks.RotateAsync(Tenant, endpoint, [8], Soon, Token))!;
        Assert.True(rotated.FormerUntil > rotated.CreatedAt);
        Assert.Equal([8, 7], Assert.Single(await ClaimAsync()).Secrets.Select(s => s[0]));
        await PassAsync(Moment);
        Assert.Equal([8], Assert.Single(await ClaimAsync()).Secrets.Select(s => s[0]));
    }

    [Fact]
    public async Task A_deleted_endpoint_gets_nothing_more()
    {
        Guid endpoint = await DueAsync();
        Assert.True(await Webhooks.DeleteAsync(Tenant, endpoint, Token));
        Assert.Empty(await ClaimAsync());
        WebhookDelivery left = Assert.Single(await Webhooks.DeliveriesAsync(Tenant, endpoint, 10, Token));
        Assert.Equal((DeliveryState.Dropped, "endpoint_deleted"), (left.State, left.LastError));
    }

    [Fact]
    public async Task An_erased_jobs_name_is_not_sent()
    {
        NewJob job = await EndedAsync(With("https://job.example.org/x"));
        await ClaimAsync();
        Assert.True(await Store.EraseAsync(Tenant, job.Id, Token));
        await PassAsync(Moment);
        DeliveryFacts? facts = null;
        Assert.Single(await ClaimAsync(compose: f => { facts = f; return s_body; }));
        Assert.Null(facts!.CustomId);
    }

    [Fact]
    public async Task The_secret_of_jobs_is_made_once_and_is_no_endpoint()
    {
        await SecretOfJobsAsync();
        Assert.False(await Webhooks.AddAsync(OfJobs(10), 0, Token));
        Assert.Empty(await Webhooks.ListAsync(Tenant, Token));
        Assert.Equal([9], (await Webhooks.GetAsync(Tenant, WebhookEndpoint.OfJobs(Tenant), Token))!.Secret);
        await EndedAsync(Job());
        Assert.Empty(await ClaimAsync());
    }

    private static NewWebhookEndpoint New(Guid id, string tenant = Tenant, string[]? events = null) => new(id, tenant, Hook, events ?? [], [7]);

    private static NewWebhookEndpoint OfJobs(byte secret) => new(WebhookEndpoint.OfJobs(Tenant), Tenant, "", [WebhookEndpoint.OfJobsEvent], [secret]);

    private static NewJob With(string url, params string[] events)
    {
        NewJob job = Job();
        return job with { CustomId = "mine", Request = job.Request with { Webhook = new WebhookRequest { Url = url, Events = events } } };
    }

    private static DeliveryReport Report(DueDelivery due, DeliveryState state, string? error = null, int? status = null) => new(due.Id, due.Attempt, state, status, error, TimeSpan.Zero, false);

    private async Task SecretOfJobsAsync() => Assert.True(await Webhooks.AddAsync(OfJobs(9), 0, Token));

    private async Task<Guid> EndpointAsync(string tenant = Tenant, string[]? events = null)
    {
        Guid id = Guid.CreateVersion7();
        Assert.True(await Webhooks.AddAsync(New(id, tenant, events), 10, Token));
        return id;
    }

    /// <summary>An endpoint with one delivery due.</summary>
    private async Task<Guid> DueAsync()
    {
        Guid endpoint = await EndpointAsync();
        await EndedAsync(Job());
        return endpoint;
    }

    private async Task<NewJob> EndedAsync(NewJob job)
    {
        Guid worker = await WorkerAsync($"w{Guid.NewGuid():N}");
        await SubmitAsync(job);
        await SucceedAsync(worker, (await RunAsync(worker, job.Id)).Fence);
        return job;
    }

    private async Task<DeliveryRecorded> FailOnceAsync() =>
        await Webhooks.RecordAsync(Report((await ClaimAsync())[0], DeliveryState.Exhausted, "timeout"), Soon, Token);

    private Task<IReadOnlyList<DueDelivery>> ClaimAsync(int most = 10, Func<DeliveryFacts, byte[]>? compose = null) =>
        Webhooks.ClaimAsync(new DeliveryClaim { Most = most, PerTarget = 10, Lease = Soon }, compose ?? (_ => s_body), Token);
}
