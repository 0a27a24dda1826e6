using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Service;
using Sluice.Service.Access;
using Sluice.Store;
using Sluice.Tests.Api;
using Xunit;

namespace Sluice.Tests.Access;

/// <summary>Walks every route that the host has: none is forgotten, for the list is the host's own.</summary>
public sealed class RouteAccessTests : IAsyncLifetime
{
    private static readonly string[] s_open = ["GET /health/live", "GET /health/ready"];
    private ApiHost _host = null!;

    // Metrics need a key here as they do for a caller from elsewhere.
    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync(new() { ["Access:MetricsOpenOnLoopback"] = "false" });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public void Every_route_says_who_may_call_it()
    {
        RouteEndpoint[] routes = [.. Routes()];
        Assert.True(routes.Length >= 11, $"Only {routes.Length} routes were found.");
        Assert.All(routes, route => Assert.NotNull(route.Metadata.GetMetadata<AccessRule>()));
    }

    [Fact]
    public async Task Without_a_key_only_health_is_open()
    {
        using HttpClient nobody = new() { BaseAddress = _host.Client.BaseAddress };
        List<string> open = [];
        foreach ((string method, string path, string name) in Calls())
        {
            using HttpResponseMessage response = await nobody.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
            if (response.StatusCode != HttpStatusCode.Unauthorized)
            {
                open.Add(name);
                continue;
            }
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
            Assert.Equal("invalid_api_key", (await ApiHost.JsonAsync(response)).GetProperty("error").GetProperty("code").GetString());
        }
        Assert.Equal(s_open, open.Order(StringComparer.Ordinal));
    }

    /// <summary>The test of the two above: a route that somebody forgot is found, and meanwhile it is closed.</summary>
    [Fact]
    public async Task A_route_that_says_nothing_is_found_and_needs_a_key()
    {
        await using WebApplication app = SluiceHost.Build(new SluiceHostOptions
        {
            Embedded = true,
            Roles = new HashSet<HostRole> { HostRole.Api },
            Engine = EngineKind.Stub,
            Urls = "http://127.0.0.1:0",
            Settings = new Dictionary<string, string?> { ["Logging:LogLevel:Default"] = "None", ["Logging:LogLevel:Microsoft"] = "None" },
        });
        app.MapGet("/forgotten", () => "open");
        await app.StartAsync();
        using HttpClient nobody = new() { BaseAddress = new Uri(app.Urls.First()) };
        using HttpResponseMessage response = await nobody.GetAsync("/forgotten");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        RouteEndpoint forgotten = Assert.Single(((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>(), route => route.Metadata.GetMetadata<AccessRule>() is null);
        Assert.Equal("/forgotten", forgotten.RoutePattern.RawText);
        await app.StopAsync();
    }

    [Fact]
    public async Task A_key_without_the_scope_is_403_everywhere()
    {
        using HttpClient submitter = await _host.ClientAsync("default", KeyScopes.Submit);
        using HttpClient reader = await _host.ClientAsync("default", KeyScopes.Read);
        foreach (RouteEndpoint route in Routes())
        {
            AccessRule rule = route.Metadata.GetMetadata<AccessRule>()!;
            if (rule.IsOpen)
            {
                continue;
            }
            HttpClient wrong = rule.Scope == KeyScopes.Read ? submitter : reader;
            (string method, string path, string name) = Call(route);
            using HttpResponseMessage response = await wrong.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
            Assert.True(response.StatusCode == HttpStatusCode.Forbidden, $"{name}: {response.StatusCode}");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("sk_")]
    [InlineData("sk_0123456789abcdef_")]
    [InlineData("sk_0123456789abcdef_000000000000000000000000000000000000000000000000")]
    [InlineData("not-a-key")]
    public async Task A_key_that_is_none_is_401(string key)
    {
        using HttpClient client = new() { BaseAddress = _host.Client.BaseAddress };
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        using HttpResponseMessage response = await client.GetAsync("/v1/jobs");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task A_right_id_with_a_wrong_secret_is_401_even_while_the_key_is_remembered()
    {
        using HttpResponseMessage right = await _host.Client.GetAsync("/v1/jobs");
        using HttpClient client = new() { BaseAddress = _host.Client.BaseAddress };
        char last = _host.Key[^1] == '0' ? '1' : '0';
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _host.Key[..^1] + last);
        using HttpResponseMessage wrong = await client.GetAsync("/v1/jobs");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (right.StatusCode, wrong.StatusCode));
    }

    private IEnumerable<RouteEndpoint> Routes() => _host.Parts.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    private IEnumerable<(string Method, string Path, string Name)> Calls() => Routes().Select(Call);

    private static (string Method, string Path, string Name) Call(RouteEndpoint route)
    {
        string pattern = "/" + route.RoutePattern.RawText!.Trim('/');
        string method = route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0];
        string path = Regex.Replace(pattern.Replace("{documentName}", "v1", StringComparison.Ordinal), @"\{[^}]*\}", "job_00000000000000000000000000000000");
        return (method, path, $"{method} {pattern}");
    }
}
