using System.Net;
using Sluice.Jobs;
using Sluice.Store;
using Sluice.Tests.Api;
using Xunit;

namespace Sluice.Tests.Cache;

/// <summary>The semantic tier through the HTTP surface.</summary>
public sealed class SemanticTierTests : IAsyncLifetime
{
    private ApiHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_re_worded_request_is_answered_at_once_and_says_by_which_entry()
    {
        await AnswerAsync("""{"model":"stub","prompt":"Hi, please cancel order 4711. Thanks!"}""");
        using HttpResponseMessage response = await _host.PostAsync("""{"model":"stub","prompt":"Could you cancel my order #4711?"}""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        JobView hit = await ApiHost.JobAsync(response);
        Assert.Equal((JobState.Succeeded, AnswerSource.Cache, "semantic", "done"), (hit.State, hit.Source, hit.Cache!.Tier, hit.Outputs![0].Text));
        Assert.StartsWith("ent_", hit.Cache.Entry, StringComparison.Ordinal);
        Assert.InRange(hit.Cache.Similarity, 0.6, 0.999999);
    }

    [Theory]
    [InlineData("""{"model":"stub","prompt":"Cancel order 4712."}""")]
    [InlineData("""{"model":"stub","prompt":"Do not cancel order 4711."}""")]
    [InlineData("""{"model":"stub","prompt":"Please cancel order 4711.","parameters":{"max_tokens":7}}""")]
    [InlineData("""{"model":"stub","prompt":"Please cancel order 4711.","parameters":{"seed":7}}""")]
    [InlineData("""{"model":"stub","prompt":"Please cancel order 4711.","parameters":{"temperature":1}}""")]
    [InlineData("""{"model":"stub","prompt":"Please cancel order 4711.","cache":{"mode":"off"}}""")]
    [InlineData("""{"model":"stub","prompt":"Please cancel order 4711.","cache":{"mode":"exact"}}""")]
    [InlineData("""{"model":"stub","prompt":"Please cancel order 4711.","cache":{"namespace":"mine"}}""")]
    [InlineData("""{"model":"stub","prompt":"Kindly cancel order 4711, thank you very much!","cache":{"min_similarity":0.999}}""")]
    public async Task What_asks_something_else_or_asks_for_more_is_computed(string body)
    {
        await AnswerAsync("""{"model":"stub","prompt":"Cancel order 4711."}""");
        Assert.Equal(JobState.Queued, (await _host.SubmitAsync(body)).State);
        Assert.Equal("semantic", (await _host.SubmitAsync("""{"model":"stub","prompt":"Would you cancel order 4711, please?"}""")).Cache!.Tier);
    }

    [Fact]
    public async Task A_caller_cannot_loosen_the_threshold()
    {
        await AnswerAsync("""{"model":"stub","prompt":"Cancel order 4711."}""");
        Assert.Equal(JobState.Queued, (await _host.SubmitAsync("""{"model":"stub","prompt":"Cancel order 4712.","cache":{"min_similarity":0.001}}""")).State);
    }

    [Fact]
    public async Task What_is_not_deterministic_is_not_kept_for_others()
    {
        await AnswerAsync("""{"model":"stub","prompt":"Cancel order 4711.","parameters":{"temperature":1}}""");
        Assert.Equal(JobState.Queued, (await _host.SubmitAsync("""{"model":"stub","prompt":"Please cancel order 4711."}""")).State);
    }

    [Fact]
    public async Task An_embedding_is_shared_by_equal_texts_only()
    {
        await AnswerAsync("""{"model":"stub","kind":"embed","prompt":"Cancel order 4711."}""");
        Assert.Equal(JobState.Queued, (await _host.SubmitAsync("""{"model":"stub","kind":"embed","prompt":"Please cancel order 4711."}""")).State);
        Assert.Equal("exact", (await _host.SubmitAsync("""{"model":"stub","kind":"embed","prompt":"Cancel order 4711."}""")).Cache!.Tier);
        using HttpResponseMessage refused = await _host.PostAsync("""{"model":"stub","kind":"embed","prompt":"a","cache":{"mode":"semantic"}}""");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal("cache.mode", (await ApiHost.JsonAsync(refused)).GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task Rejecting_an_entry_evicts_it_for_its_tenant_only()
    {
        await AnswerAsync("""{"model":"stub","prompt":"Cancel order 4711."}""");
        JobView hit = await _host.SubmitAsync("""{"model":"stub","prompt":"Please cancel order 4711."}""");
        string path = $"/v1/cache/{hit.Cache!.Entry}/reject";
        using HttpClient stranger = await _host.ClientAsync("other", KeyScopes.All);
        using HttpResponseMessage theirs = await stranger.PostAsync(path, null);
        using HttpResponseMessage nonsense = await _host.Client.PostAsync("/v1/cache/ent_17/reject", null);
        using HttpResponseMessage first = await _host.Client.PostAsync(path, null);
        using HttpResponseMessage second = await _host.Client.PostAsync(path, null);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.NoContent, HttpStatusCode.NotFound),
            (theirs.StatusCode, nonsense.StatusCode, first.StatusCode, second.StatusCode));
        Assert.Equal(JobState.Queued, (await _host.SubmitAsync("""{"model":"stub","prompt":"Kindly cancel order 4711."}""")).State);
    }

    private async Task AnswerAsync(string body)
    {
        JobView job = await _host.SubmitAsync(body);
        Assert.Equal(JobState.Queued, job.State);
        await _host.FinishAsync(job.Id, "done");
    }
}
