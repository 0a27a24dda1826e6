using System.Net;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Api;

public sealed class SubmitTests : IAsyncLifetime
{
    private const string Job = """{"model":"stub","prompt":"Hello"}""";
    private ApiHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_job_is_accepted_with_its_place_and_when_to_ask()
    {
        using HttpResponseMessage response = await _host.PostAsync(Job);
        JobView job = await ApiHost.JobAsync(response);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal($"/v1/jobs/{job.Id}", response.Headers.Location!.ToString());
        Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter!.Delta);
        Assert.NotEmpty(response.Headers.GetValues("x-request-id"));
        Assert.Equal(JobState.Queued, job.State);
        Assert.Equal(("stub", "stub-v1", "default", JobClass.Standard), (job.Model, job.ModelRevision, job.Namespace, job.Priority));
    }

    [Fact]
    public async Task Times_are_utc_with_milliseconds()
    {
        using HttpResponseMessage response = await _host.PostAsync("""{"model":"stub","prompt":"Hello","ttl":60}""");
        JsonElement job = await ApiHost.JsonAsync(response);

        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", job.GetProperty("created_at").GetString());
        TimeSpan left = job.GetProperty("deadline").GetDateTimeOffset() - job.GetProperty("created_at").GetDateTimeOffset();
        Assert.Equal(60, left.TotalSeconds, tolerance: 0.01);
    }

    [Fact]
    public async Task A_job_that_ends_within_the_wait_is_answered_200_with_its_result()
    {
        Task<HttpResponseMessage> waiting = _host.PostAsync(Job, ("Prefer", "wait=30"));
        await _host.FinishAsync(await FirstQueuedAsync(), " there");
        using HttpResponseMessage response = await waiting;
        JobView job = await ApiHost.JobAsync(response);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("wait=30", Assert.Single(response.Headers.GetValues("Preference-Applied")));
        Assert.Equal(" there", Assert.Single(job.Outputs!).Text);
        Assert.Equal(AnswerSource.Engine, job.Source);
        Assert.NotNull(job.DelayMs);
        Assert.NotNull(job.ExecutionMs);
    }

    [Fact]
    public async Task A_wait_that_is_over_answers_202_with_the_job_as_it_stands()
    {
        using HttpResponseMessage response = await _host.PostAsync(Job, ("Prefer", "respond-async, wait=1"));

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal("wait=1", Assert.Single(response.Headers.GetValues("Preference-Applied")));
        Assert.Equal(JobState.Queued, (await ApiHost.JobAsync(response)).State);
    }

    [Fact]
    public async Task A_repeat_of_a_deterministic_job_is_answered_from_the_cache_at_once()
    {
        JobView first = await _host.SubmitAsync(Job);
        await _host.FinishAsync(first.Id, " there");
        using HttpResponseMessage response = await _host.PostAsync(Job);
        JobView job = await ApiHost.JobAsync(response);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.NotEqual(first.Id, job.Id);
        Assert.Equal(AnswerSource.Cache, job.Source);
        Assert.Equal(" there", Assert.Single(job.Outputs!).Text);
    }

    [Theory]
    [InlineData("""{"model":"stub","prompt":"Hello","parameters":{"temperature":0.7}}""")]
    [InlineData("""{"model":"stub","prompt":"Hello","cache":{"mode":"off"}}""")]
    [InlineData("""{"model":"stub","prompt":"Hello","cache":{"namespace":"other"}}""")]
    [InlineData("""{"model":"stub","prompt":"Hello","parameters":{"max_tokens":5}}""")]
    public async Task A_job_that_differs_or_may_not_be_cached_is_queued(string json)
    {
        await _host.FinishAsync((await _host.SubmitAsync(Job)).Id, " there");
        Assert.Equal(JobState.Queued, (await _host.SubmitAsync(json)).State);
    }

    [Fact]
    public async Task The_same_key_and_body_make_one_job()
    {
        const string Ordered = """{"model":"stub","prompt":"Hello","metadata":{"a":"1","b":"2"}}""";
        const string Turned = """{"metadata":{"b":"2","a":"1"},"prompt":"Hello","model":"stub"}""";
        JobView first = await _host.SubmitAsync(Ordered, ("Idempotency-Key", "order-1"));
        using HttpResponseMessage again = await _host.PostAsync(Turned, ("Idempotency-Key", "\"order-1\""));

        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        Assert.Equal(first.Id, (await ApiHost.JobAsync(again)).Id);
        Assert.Equal("true", Assert.Single(again.Headers.GetValues("Idempotent-Replayed")));
    }

    [Fact]
    public async Task A_waiting_repeat_of_a_key_gets_the_first_jobs_answer()
    {
        JobView first = await _host.SubmitAsync(Job, ("Idempotency-Key", "order-2"));
        Task<HttpResponseMessage> waiting = _host.PostAsync(Job, ("Idempotency-Key", "order-2"), ("Prefer", "wait=30"));
        await Task.Delay(100);
        await _host.FinishAsync(first.Id, " there");
        using HttpResponseMessage response = await waiting;

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(first.Id, (await ApiHost.JobAsync(response)).Id);
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_422_and_not_worth_repeating()
    {
        await _host.SubmitAsync(Job, ("Idempotency-Key", "order-3"));
        using HttpResponseMessage response = await _host.PostAsync("""{"model":"stub","prompt":"Goodbye"}""", ("Idempotency-Key", "order-3"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Equal("false", Assert.Single(response.Headers.GetValues("x-should-retry")));
        Assert.Equal("idempotency_key_reused", (await ApiHost.JsonAsync(response)).GetProperty("error").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("Intake:QueuedPerTenant", "2", "at most 2 queued jobs of one tenant")]
    [InlineData("Intake:QueuedTokensPerTenant", "290", "at most 290 queued tokens of one tenant")]
    [InlineData("Intake:Queued", "2", "at most 2 queued jobs;")]
    [InlineData("Intake:QueuedTokens", "290", "at most 290 queued tokens;")]
    public async Task A_submit_beyond_what_may_wait_is_429(string setting, string value, string said)
    {
        await using ApiHost host = await ApiHost.StartAsync(new() { [setting] = value });
        for (int i = 0; i < 2; i++)
        {
            await host.SubmitAsync($$"""{"model":"stub","prompt":"Prompt {{i}}"}""");
        }
        using HttpResponseMessage response = await host.PostAsync("""{"model":"stub","prompt":"One more"}""");

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Contains(said, (await ApiHost.JsonAsync(response)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, (await host.Store.StatisticsAsync(CancellationToken.None)).Queued);
    }

    [Fact]
    public async Task The_callers_request_id_is_given_back()
    {
        using HttpResponseMessage response = await _host.PostAsync(Job, ("X-Request-Id", "my-id-7"));
        Assert.Equal("my-id-7", Assert.Single(response.Headers.GetValues("x-request-id")));
    }

    [Fact]
    public async Task Many_submits_at_once_are_all_stored_once()
    {
        JobView[] jobs = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => _host.SubmitAsync($$"""{"model":"stub","prompt":"Prompt {{i}}"}""")));
        Assert.Equal(300, jobs.Select(job => job.Id).Distinct().Count());
        Assert.Equal(300, (await _host.Store.StatisticsAsync(CancellationToken.None)).Queued);
    }

    private async Task<JobId> FirstQueuedAsync()
    {
        while (true)
        {
            JobList jobs = await _host.Store.ListAsync("default", new JobQuery(), CancellationToken.None);
            if (jobs.Count > 0)
            {
                return jobs[0].Id;
            }
            await Task.Delay(10);
        }
    }
}
