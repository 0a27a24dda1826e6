using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Jobs;
using Sluice.Store;
using Sluice.Tests.Api;
using Xunit;

namespace Sluice.Tests.Access;

/// <summary>
/// What one tenant has, another cannot tell from what does not exist. The routes are the host's own list: one that takes an id and is not known here fails the test,
/// and each is tried with an id that exists, by a stranger with every scope and then by its owner.
/// </summary>
public sealed partial class TenantRoutesTests : IAsyncLifetime
{
    private const string Canary = "quetzalcoatl";
    private const string Schedule = """
        {"name":"quetzalcoatl","cron":"0 30 2 * * ?","source":{"type":"jsonl","path":"in.jsonl","key":"id"},"request":{"model":"stub","prompt":"quetzalcoatl {{a}}"} }
        """;

    /// <summary>They show what belongs to no tenant.</summary>
    private static readonly string[] s_shared = ["v1/models/{name}", "openapi/{documentName}.json"];

    private readonly Dictionary<string, string> _ids = [];
    private ApiHost _host = null!;
    private HttpClient _stranger = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ApiHost.StartAsync(new() { ["Schedules:FilesRoot"] = Path.GetTempPath() });
        _stranger = await _host.ClientAsync("rival", KeyScopes.All);
        _ids["webhooks"] = await MadeAsync("/v1/webhooks", $$"""{"url":"https://{{Canary}}.example.org/"}""");
        JobView job = await _host.SubmitAsync("""{"model":"stub","prompt":"Hi, please cancel order 4711. Thanks!"}""");
        await _host.FinishAsync(job.Id, Canary);
        JobView hit = await _host.SubmitAsync("""{"model":"stub","prompt":"Could you cancel my order #4711?"}""");
        _ids["cache"] = hit.Cache!.Entry;
        _ids["jobs"] = (await _host.SubmitAsync($$"""{"model":"stub","prompt":"{{Canary}}","cache":{"mode":"off"} }""")).Id.ToString();
        _ids["submissions"] = await MadeAsync("/v1/submissions?model=stub", $$"""{"custom_id":"a","prompt":"{{Canary}}"}""", "application/jsonl");
        _ids["schedules"] = await MadeAsync("/v1/schedules", Schedule);
        using HttpResponseMessage deliveries = await _host.Client.GetAsync($"/v1/webhooks/{_ids["webhooks"]}/deliveries");
        _ids["delivery"] = (await ApiHost.JsonAsync(deliveries)).GetProperty("data")[0].GetProperty("id").GetString()!;
    }

    public async ValueTask DisposeAsync()
    {
        _stranger.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task An_id_of_another_tenant_is_answered_as_one_that_does_not_exist()
    {
        // What destroys comes last, and the owner's turn after all of the stranger's.
        (string Method, string Path, string None)[] calls = [.. Routes()
            .Where(route => route.Pattern.Parameters.Count > 0 && !s_shared.Contains(route.Pattern.RawText!.Trim('/')))
            .OrderBy(route => route.Method == "DELETE").ThenBy(route => route.Pattern.RawText!.EndsWith("/cancel", StringComparison.Ordinal) ? 0 : 1)
            .Select(route => (route.Method, Filled(route.Pattern, _ids), Filled(route.Pattern, _ids.ToDictionary(id => id.Key, id => Unknown(id.Value)))))];
        Assert.True(calls.Length >= 23, $"Only {calls.Length} routes take an id.");
        foreach ((string method, string path, string none) in calls)
        {
            (HttpStatusCode status, string said) = await SendAsync(_stranger, method, path);
            (HttpStatusCode noStatus, string saidOfNone) = await SendAsync(_stranger, method, none);
            Assert.Equal((method, path, HttpStatusCode.NotFound, HttpStatusCode.NotFound), (method, path, status, noStatus));
            Assert.DoesNotContain(Canary, said, StringComparison.OrdinalIgnoreCase);
            // But for the id itself, the two say the same.
            Assert.Equal(Neutral(saidOfNone, none), Neutral(said, path));
        }
        foreach ((string method, string path, _) in calls)
        {
            (HttpStatusCode status, string said) = await SendAsync(_host.Client, method, path);
            Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Accepted or HttpStatusCode.NoContent or HttpStatusCode.Conflict, $"{method} {path}, its owner: {status} {said}");
        }
    }

    [Fact]
    public async Task A_schedules_name_is_its_tenants_own_too()
    {
        foreach ((string method, RoutePattern pattern) in Routes().Where(route => route.Pattern.RawText!.StartsWith("/v1/schedules/{id}", StringComparison.Ordinal)))
        {
            Assert.Equal((method, HttpStatusCode.NotFound), (method, (await SendAsync(_stranger, method, Filled(pattern, new() { ["schedules"] = Canary }))).Status));
        }
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(_host.Client, "GET", $"/v1/schedules/{Canary}")).Status);
    }

    [Fact]
    public async Task No_list_shows_what_another_tenant_has()
    {
        int lists = 0;
        foreach ((string method, RoutePattern pattern) in Routes().Where(route => route is { Method: "GET", Pattern.Parameters.Count: 0 }))
        {
            (HttpStatusCode status, string said) = await SendAsync(_stranger, method, pattern.RawText!);
            Assert.Equal((pattern.RawText, HttpStatusCode.OK), (pattern.RawText, status));
            Assert.DoesNotContain(Canary, said, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(_ids.Values, id => said.Contains(id, StringComparison.OrdinalIgnoreCase));
            string own = (await SendAsync(_host.Client, method, pattern.RawText!)).Said;
            lists += _ids.Values.Any(id => own.Contains(id, StringComparison.OrdinalIgnoreCase)) ? 1 : 0;
        }
        Assert.Equal(4, lists); // jobs, submissions, schedules, webhooks
    }

    [Theory]
    [InlineData("tenant")]
    [InlineData("x-tenant")]
    [InlineData("sluice-tenant")]
    public async Task A_caller_cannot_say_whose_it_is(string name)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, $"/v1/jobs/{_ids["jobs"]}?{name}=default");
        request.Headers.TryAddWithoutValidation(name, "default");
        using HttpResponseMessage response = await _stranger.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    private IEnumerable<(string Method, RoutePattern Pattern)> Routes() => _host.Parts.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Select(route => (route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0], route.RoutePattern));

    /// <summary>The route with ids in its places: of the kind that the path is for.</summary>
    private static string Filled(RoutePattern pattern, Dictionary<string, string> ids)
    {
        string[] parts = pattern.RawText!.Trim('/').Split('/');
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts[i].StartsWith('{'))
            {
                string kind = parts[i] == "{id}" ? parts[1] : parts[i].Trim('{', '}');
                Assert.True(ids.TryGetValue(kind, out string? id), $"{pattern.RawText}: this test has no {kind} to try it with.");
                parts[i] = id;
            }
        }
        return "/" + string.Join('/', parts);
    }

    /// <summary>An id of the same shape that nobody has.</summary>
    private static string Unknown(string id) => $"{id[..^4]}{(id.EndsWith("0000", StringComparison.Ordinal) ? "1111" : "0000")}";

    private static string Neutral(string said, string path) => path.Split('/').Where(part => part.Contains('_', StringComparison.Ordinal))
        .Aggregate(RequestId().Replace(said, "REQUEST"), (text, id) => text.Replace(id, "ID", StringComparison.Ordinal));

    [GeneratedRegex("req_[0-9a-f]+")]
    private static partial Regex RequestId();

    private static async Task<(HttpStatusCode Status, string Said)> SendAsync(HttpClient client, string method, string path)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        if (method is "POST" or "PUT")
        {
            request.Content = new StringContent(method == "PUT" ? Schedule : "{}", Encoding.UTF8, "application/json");
        }
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        bool endless = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        return (response.StatusCode, endless ? "" : await response.Content.ReadAsStringAsync());
    }

    private async Task<string> MadeAsync(string path, string body, string type = "application/json")
    {
        using HttpResponseMessage response = await _host.Client.PostAsync(path, new StringContent(body, Encoding.UTF8, type));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        JsonElement made = await ApiHost.JsonAsync(response);
        return made.GetProperty("id").GetString()!;
    }
}
