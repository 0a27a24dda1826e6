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

    /// <summary>Every set of scopes that there is: a route that needs one is closed to a key of all the others together.</summary>
    [Fact]
    public async Task Each_route_is_403_to_every_key_without_its_scope_and_not_to_one_with_it()
    {
        Dictionary<KeyScopes, HttpClient> clients = [];
        for (KeyScopes scopes = KeyScopes.Submit; scopes <= KeyScopes.All; scopes++)
        {
            clients[scopes] = await _host.ClientAsync("narrow", scopes);
        }
        int refused = 0, passed = 0;
        foreach (RouteEndpoint route in Routes())
        {
            AccessRule rule = route.Metadata.GetMetadata<AccessRule>()!;
            (string method, string path, string name) = Call(route);
            foreach ((KeyScopes scopes, HttpClient client) in clients)
            {
                using HttpRequestMessage request = new(new HttpMethod(method), path);
                using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                bool may = rule.IsOpen || (scopes & rule.Scope) == rule.Scope;
                Assert.True(response.StatusCode != HttpStatusCode.Unauthorized, $"{name}, key with {scopes}: {response.StatusCode}");
                Assert.True(may != (response.StatusCode == HttpStatusCode.Forbidden), $"{name}, key with {scopes}: {response.StatusCode}");
                _ = may ? passed++ : refused++;
            }
        }
        foreach (HttpClient client in clients.Values)
        {
            client.Dispose();
        }
        Console.WriteLine($"routes by scopes: {Routes().Count()} routes, {refused} calls refused, {passed} let through");
        Assert.True(refused >= 3 * (Routes().Count() - s_open.Length), $"Only {refused} calls were refused.");
    }

    [Fact]
    public async Task A_revoked_key_is_401_on_every_route_that_it_could_call_before()
    {
        // Of a host that remembers no key, so that it is missed at once.
        await using ApiHost host = await ApiHost.StartAsync(new() { ["Access:MetricsOpenOnLoopback"] = "false", ["Access:Remember"] = "00:00:00" });
        (string text, ApiKey key) = ApiKeyText.Create("default", KeyScopes.All, null, TimeProvider.System.GetUtcNow());
        IKeyStore keys = host.Parts.GetRequiredService<IKeyStore>();
        await keys.AddAsync(key, CancellationToken.None);
        using HttpClient client = new() { BaseAddress = host.Client.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", text);
        foreach ((string method, string path, string name) in Calls())
        {
            using HttpResponseMessage response = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), HttpCompletionOption.ResponseHeadersRead);
            Assert.True(response.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden), $"{name}, while the key lives: {response.StatusCode}");
        }
        Assert.True(await keys.RevokeAsync(key.Id, CancellationToken.None));
        List<string> open = [];
        foreach ((string method, string path, string name) in Calls())
        {
            using HttpResponseMessage response = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), HttpCompletionOption.ResponseHeadersRead);
            if (response.StatusCode != HttpStatusCode.Unauthorized)
            {
                open.Add(name);
                continue;
            }
            Assert.Equal("invalid_api_key", (await ApiHost.JsonAsync(response)).GetProperty("error").GetProperty("code").GetString());
        }
        Assert.Equal(s_open, open.Order(StringComparer.Ordinal));
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
