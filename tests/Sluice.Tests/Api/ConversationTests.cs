using System.Net;
using Sluice.Jobs;
using Sluice.Store;
using Sluice.Tests.Models;
using Xunit;

namespace Sluice.Tests.Api;

/// <summary>Jobs that name a conversation find what the last of its name left, within their tenant and namespace.</summary>
public sealed class ConversationTests : IAsyncLifetime
{
    private static readonly string s_start = string.Concat(Enumerable.Range(0, 60).Select(i => (char)('a' + (i * i % 26))));
    private static readonly (string, string) s_wait = ("Prefer", "wait=60");

    private readonly ChatFolder _folder = new();
    private ApiHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync(models: [$"chat={_folder.Folder}"], worker: true, stub: false);

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_next_job_shows_the_last_ones_tokens_as_cached()
    {
        JobView first = await _host.SubmitAsync(Job(s_start, "talk-1:a"), s_wait);
        JobView second = await _host.SubmitAsync(Job(s_start + " and so on", "talk-1:a"), s_wait);
        Assert.Equal((0, 48), (first.Usage!.CachedTokens, second.Usage!.CachedTokens)); // 61 tokens with the beginning: three full pages
    }

    [Fact]
    public async Task Neither_another_namespace_nor_another_tenant_finds_them_under_the_name()
    {
        await _host.SubmitAsync(Job(s_start, "talk"), s_wait);
        Assert.Equal(0, (await _host.SubmitAsync(Job(s_start, "talk", "other"), s_wait)).Usage!.CachedTokens);
        using HttpClient stranger = await _host.ClientAsync("stranger", KeyScopes.All);
        stranger.DefaultRequestHeaders.TryAddWithoutValidation("Prefer", "wait=60");
        using HttpResponseMessage response = await stranger.PostAsync("/v1/jobs", new StringContent(Job(s_start, "talk"), System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(0, (await ApiHost.JsonAsync(response)).GetProperty("usage").GetProperty("cached_tokens").GetInt32());
        Assert.Equal(48, (await _host.SubmitAsync(Job(s_start, "talk"), s_wait)).Usage!.CachedTokens);
    }

    [Theory]
    [InlineData("\"conversation\":\"\"", "conversation", "1 to 128 letters, digits, '.', '_', '-' or ':'; got '' of 0 characters")]
    [InlineData("\"conversation\":\"a b\"", "conversation", "got 'a b' of 3 characters")]
    [InlineData("\"conversation\":7", "conversation", "must be a string; got 7")]
    [InlineData("\"parameters\":{\"logit_bias\":[1]}", "parameters.logit_bias", "must be an object; got a list")]
    [InlineData("\"parameters\":{\"logit_bias\":{\"x\":1}}", "parameters.logit_bias", "named by a token id, 0 or more; got 'x'")]
    [InlineData("\"parameters\":{\"logit_bias\":{\"07\":1}}", "parameters.logit_bias", "named by a token id, 0 or more; got '07'")]
    [InlineData("\"parameters\":{\"logit_bias\":{\"7\":101}}", "parameters.logit_bias.7", "must be from -100 to 100; got 101")]
    [InlineData("\"parameters\":{\"logit_bias\":{\"7\":\"1\"}}", "parameters.logit_bias.7", "must be a number; got a string")]
    [InlineData("\"parameters\":{\"logit_bias\":{\"999999\":5}}", "parameters.logit_bias.999999", "must be named by a token id of model 'chat', from 0 to ")]
    [InlineData("\"parameters\":{\"logit_bias\":{\"7\":1,\"999999\":5}}", "parameters.logit_bias.999999", "; got 999999")]
    public async Task What_breaks_a_rule_is_refused(string members, string field, string says)
    {
        using HttpResponseMessage response = await _host.PostAsync($$"""{"model":"chat","prompt":"x",{{members}}}""");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        System.Text.Json.JsonElement error = (await ApiHost.JsonAsync(response)).GetProperty("errors")[0];
        Assert.Equal(field, error.GetProperty("field").GetString());
        Assert.Contains(says, error.GetProperty("message").GetString()!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bias_reaches_the_model()
    {
        string Text(string bias) => $$$"""{"model":"chat","prompt":"{{{s_start}}}","cache":{"mode":"off"},"parameters":{"max_tokens":6,"logit_bias":{ {{{bias}}} } } }""";
        JobView biased = await _host.SubmitAsync(Text("\"75\":100"), s_wait);
        Assert.True(biased.State == JobState.Succeeded, biased.Error?.Message);
        Assert.Equal("FFFFFF", biased.Outputs![0].Text);
    }

    private static string Job(string prompt, string conversation, string space = "default") =>
        $$$"""{"model":"chat","prompt":"{{{prompt}}}","conversation":"{{{conversation}}}","cache":{"mode":"off","namespace":"{{{space}}}"},"parameters":{"max_tokens":2}}""";
}
