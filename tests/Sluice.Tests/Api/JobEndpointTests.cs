using System.Net;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Api;

public sealed class JobEndpointTests : IAsyncLifetime
{
    private ApiHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_job_that_has_not_ended_says_when_to_ask_again_and_one_that_has_does_not()
    {
        JobView job = await SubmitAsync("a");
        using HttpResponseMessage queued = await _host.Client.GetAsync($"/v1/jobs/{job.Id}");
        await _host.FinishAsync(job.Id, "done");
        using HttpResponseMessage ended = await _host.Client.GetAsync($"/v1/jobs/{job.Id}");

        Assert.NotNull(queued.Headers.RetryAfter);
        Assert.Null(ended.Headers.RetryAfter);
        Assert.Equal("done", (await ApiHost.JobAsync(ended)).Outputs![0].Text);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("DELETE", "")]
    [InlineData("POST", "/cancel")]
    [InlineData("POST", "/retry")]
    public async Task Another_tenants_job_is_one_that_does_not_exist(string method, string action)
    {
        JobView job = await SubmitAsync("a");
        using HttpClient stranger = await _host.ClientAsync("other", KeyScopes.All);
        using HttpResponseMessage theirs = await stranger.SendAsync(new HttpRequestMessage(new HttpMethod(method), $"/v1/jobs/{job.Id}{action}"));
        using HttpResponseMessage nobodys = await stranger.SendAsync(new HttpRequestMessage(new HttpMethod(method), $"/v1/jobs/{JobId.New(TimeProvider.System)}{action}"));
        using HttpResponseMessage nonsense = await stranger.SendAsync(new HttpRequestMessage(new HttpMethod(method), $"/v1/jobs/17{action}"));

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.NotFound), (theirs.StatusCode, nobodys.StatusCode, nonsense.StatusCode));
        JobRecord? still = await _host.Store.GetAsync("default", job.Id, CancellationToken.None);
        Assert.Equal(JobState.Queued, still!.State);
    }

    [Fact]
    public async Task Pages_are_newest_first_and_follow_each_other_to_the_end()
    {
        List<string> ids = [];
        for (int i = 0; i < 5; i++)
        {
            ids.Add((await SubmitAsync($"p{i}")).Id.ToString());
        }
        List<string> seen = [];
        string? next = null;
        int pages = 0;
        do
        {
            JobPage page = await PageAsync($"?limit=2{(next is null ? "" : $"&after={next}")}");
            seen.AddRange(page.Data.Select(job => job.Id.ToString()));
            next = page.Next;
            pages++;
        }
        while (next is not null);

        // Ids begin with the millisecond; those of one millisecond have no order of their own.
        Assert.Equal(ids.OrderDescending(StringComparer.Ordinal), seen);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task A_page_that_is_exactly_full_is_known_to_be_the_last()
    {
        await SubmitAsync("a");
        await SubmitAsync("b");
        JobPage page = await PageAsync("?limit=2");
        Assert.Equal(2, page.Data.Count);
        Assert.Null(page.Next);
    }

    [Fact]
    public async Task A_listing_filters_by_state()
    {
        JobView done = await SubmitAsync("a");
        await SubmitAsync("b");
        await _host.FinishAsync(done.Id, "x");
        Assert.Equal(done.Id, Assert.Single((await PageAsync("?state=succeeded")).Data).Id);
    }

    [Theory]
    [InlineData("?limit=0", "limit must be from 1 to 1000; got '0'")]
    [InlineData("?limit=1001", "limit must be from 1 to 1000; got '1001'")]
    [InlineData("?state=done", "state must be one of")]
    [InlineData("?after=17", "after must be")]
    [InlineData("?submission=17", "submission must be")]
    [InlineData("?stat=queued", "'stat' is not a filter")]
    [InlineData("?limit=1&limit=2", "limit is given 2 times")]
    public async Task A_query_that_makes_no_sense_is_refused(string query, string says)
    {
        using HttpResponseMessage response = await _host.Client.GetAsync($"/v1/jobs{query}");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(says, (await ApiHost.JsonAsync(response)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_is_done_at_once_and_may_be_repeated()
    {
        JobView job = await SubmitAsync("a");
        using HttpResponseMessage first = await _host.PostAsync($"/v1/jobs/{job.Id}/cancel", "");
        using HttpResponseMessage second = await _host.PostAsync($"/v1/jobs/{job.Id}/cancel", "");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal(JobState.Cancelled, (await ApiHost.JobAsync(second)).State);
    }

    [Fact]
    public async Task A_job_that_has_ended_cannot_be_cancelled_and_repeating_is_useless()
    {
        JobView job = await SubmitAsync("a");
        await _host.FinishAsync(job.Id, "x");
        using HttpResponseMessage response = await _host.PostAsync($"/v1/jobs/{job.Id}/cancel", "");

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("false", Assert.Single(response.Headers.GetValues("x-should-retry")));
    }

    [Fact]
    public async Task A_retry_is_a_new_job_that_names_the_old_one()
    {
        JobView job = await SubmitAsync("a");
        using HttpResponseMessage early = await _host.PostAsync($"/v1/jobs/{job.Id}/retry", "");
        using HttpResponseMessage cancel = await _host.PostAsync($"/v1/jobs/{job.Id}/cancel", "");
        using HttpResponseMessage late = await _host.PostAsync($"/v1/jobs/{job.Id}/retry", "");
        JobView again = await ApiHost.JobAsync(late);

        Assert.Equal(HttpStatusCode.Conflict, early.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, late.StatusCode);
        Assert.NotEqual(job.Id, again.Id);
        Assert.Equal(job.Id, again.RetryOf);
    }

    [Fact]
    public async Task Retries_of_two_jobs_are_two_requests_under_one_key()
    {
        JobView[] jobs = [await SubmitAsync("a"), await SubmitAsync("a")];
        List<HttpStatusCode> codes = [];
        List<JobId> ids = [];
        foreach (JobView job in new[] { jobs[0], jobs[0], jobs[1] })
        {
            using HttpResponseMessage cancel = await _host.PostAsync($"/v1/jobs/{job.Id}/cancel", "");
            using HttpRequestMessage request = new(HttpMethod.Post, $"/v1/jobs/{job.Id}/retry") { Headers = { { "Idempotency-Key", "again" } } };
            using HttpResponseMessage response = await _host.Client.SendAsync(request);
            codes.Add(response.StatusCode);
            if (response.IsSuccessStatusCode)
                ids.Add((await ApiHost.JobAsync(response)).Id);
        }

        Assert.Equal(HttpStatusCode.UnprocessableEntity, codes[2]);
        Assert.Equal(2, ids.Count);
        Assert.Single(ids.Distinct());
    }

    [Fact]
    public async Task An_erased_job_keeps_neither_question_nor_answer_and_cannot_be_retried()
    {
        JobView job = await SubmitAsync("secret words");
        await _host.FinishAsync(job.Id, "secret answer");
        using HttpResponseMessage erased = await _host.Client.DeleteAsync($"/v1/jobs/{job.Id}");
        using HttpResponseMessage after = await _host.Client.GetAsync($"/v1/jobs/{job.Id}");
        using HttpResponseMessage retry = await _host.PostAsync($"/v1/jobs/{job.Id}/retry", "");
        JobView repeat = await SubmitAsync("secret words");

        Assert.Equal(HttpStatusCode.NoContent, erased.StatusCode);
        Assert.DoesNotContain("secret", await after.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.False(retry.IsSuccessStatusCode);
        Assert.Equal(JobState.Queued, repeat.State);
    }

    [Fact]
    public async Task Models_are_listed_and_found_by_name()
    {
        using HttpResponseMessage list = await _host.Client.GetAsync("/v1/models");
        JsonElement model = Assert.Single((await ApiHost.JsonAsync(list)).GetProperty("data").EnumerateArray());
        using HttpResponseMessage one = await _host.Client.GetAsync("/v1/models/stub");
        using HttpResponseMessage none = await _host.Client.GetAsync("/v1/models/other");

        Assert.Equal(("stub", "model", 32768), (model.GetProperty("id").GetString(), model.GetProperty("object").GetString(), model.GetProperty("context_length").GetInt32()));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (one.StatusCode, none.StatusCode));
    }

    [Theory]
    [InlineData("GET", "/v1/nothing", HttpStatusCode.NotFound, "not_found")]
    [InlineData("GET", "/", HttpStatusCode.NotFound, "not_found")]
    [InlineData("PUT", "/v1/jobs", HttpStatusCode.MethodNotAllowed, "method_not_allowed")]
    public async Task What_is_not_there_has_a_body_too(string method, string path, HttpStatusCode status, string code)
    {
        using HttpResponseMessage response = await _host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Equal(status, response.StatusCode);
        Assert.Equal(code, (await ApiHost.JsonAsync(response)).GetProperty("error").GetProperty("code").GetString());
        Assert.NotEmpty(response.Headers.GetValues("x-request-id"));
    }

    [Fact]
    public async Task The_openapi_document_names_every_call_and_its_errors()
    {
        using HttpResponseMessage response = await _host.Client.GetAsync("/openapi/v1.json");
        JsonElement document = await ApiHost.JsonAsync(response);

        Assert.StartsWith("3.", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        string[] paths = [.. document.GetProperty("paths").EnumerateObject().Select(path => path.Name)];
        foreach (string path in new[] { "/v1/jobs", "/v1/jobs/{id}", "/v1/jobs/{id}/cancel", "/v1/jobs/{id}/retry", "/v1/models", "/health/live", "/health/ready", "/metrics" })
        {
            Assert.Contains(path, paths);
        }
        JsonElement submit = document.GetProperty("paths").GetProperty("/v1/jobs").GetProperty("post");
        Assert.Contains("422", submit.GetProperty("responses").EnumerateObject().Select(answer => answer.Name));
        Assert.Contains("max_tokens", document.GetProperty("components").GetRawText(), StringComparison.Ordinal);
    }

    private Task<JobView> SubmitAsync(string prompt) => _host.SubmitAsync($$"""{"model":"stub","prompt":"{{prompt}}"}""");

    private async Task<JobPage> PageAsync(string query)
    {
        using HttpResponseMessage response = await _host.Client.GetAsync($"/v1/jobs{query}");
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(), JobsJson.Default.JobPage)!;
    }
}
