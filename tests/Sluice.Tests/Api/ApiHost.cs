using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Access;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Tests.Api;

/// <summary>A real host on a free loopback port: memory store, stub model, API role only unless asked otherwise, so that jobs stay queued until a test ends them.</summary>
internal sealed class ApiHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ApiHost(WebApplication app, string key)
    {
        _app = app;
        Key = key;
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Client = new HttpClient { BaseAddress = new Uri(address) };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Has every scope, tenant <c>default</c>.</summary>
    public string Key { get; }

    public HttpClient Client { get; }

    public IServiceProvider Parts => _app.Services;

    public IJobStore Store => _app.Services.GetRequiredService<IJobStore>();

    public static async Task<ApiHost> StartAsync(Dictionary<string, string?>? settings = null, IReadOnlyList<string>? models = null, bool worker = false, bool stub = true, ILoggerProvider? log = null, Action<IServiceCollection>? parts = null)
    {
        (string text, _) = ApiKeyText.Create("default", KeyScopes.All, null, TimeProvider.System.GetUtcNow());
        Dictionary<string, string?> all = new(settings ?? [])
        {
            ["Access:BootstrapKey"] = text,
        };
        all.TryAdd("Logging:LogLevel:Default", "None");
        all.TryAdd("Logging:LogLevel:Microsoft", "None");
        SluiceHostOptions options = new()
        {
            Embedded = true,
            Roles = worker ? null : new HashSet<HostRole> { HostRole.Api },
            Engine = stub ? EngineKind.Stub : EngineKind.Model,
            Models = models ?? [],
            Urls = "http://127.0.0.1:0",
            Settings = all,
        };
        WebApplication app = SluiceHost.Build(options, parts);
        if (log is not null)
        {
            app.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        }
        await app.StartAsync();
        return new ApiHost(app, text);
    }

    /// <summary>A client with a fresh key of these scopes.</summary>
    public async Task<HttpClient> ClientAsync(string tenant, KeyScopes scopes)
    {
        (string text, ApiKey key) = ApiKeyText.Create(tenant, scopes, null, TimeProvider.System.GetUtcNow());
        await _app.Services.GetRequiredService<IKeyStore>().AddAsync(key, CancellationToken.None);
        HttpClient client = new() { BaseAddress = Client.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", text);
        return client;
    }

    public Task<HttpResponseMessage> PostAsync(string json, params (string Name, string Value)[] headers) => PostAsync("/v1/jobs", json, headers);

    public async Task<HttpResponseMessage> PostAsync(string path, string json, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return await Client.SendAsync(request);
    }

    /// <summary>Submits a job that must be accepted.</summary>
    public async Task<JobView> SubmitAsync(string json, params (string Name, string Value)[] headers)
    {
        using HttpResponseMessage response = await PostAsync(json, headers);
        Xunit.Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await JobAsync(response);
    }

    public static async Task<JobView> JobAsync(HttpResponseMessage response) =>
        JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(), JobsJson.Default.JobView)!;

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return document.RootElement.Clone();
    }

    /// <summary>Does what a worker does: reserves, claims, finishes with this text, and tells the waiters.</summary>
    public async Task FinishAsync(JobId id, string text)
    {
        Guid worker = Guid.NewGuid();
        await Store.RegisterWorkerAsync(new WorkerRegistration(worker, $"test-{worker:N}", ["stub"]), CancellationToken.None);
        await Store.ReserveAsync(worker, [id], CancellationToken.None);
        ClaimedJob claimed = Xunit.Assert.Single(await Store.ClaimAsync(worker, [id], CancellationToken.None));
        JobResult result = new()
        {
            Outputs = [new JobOutput { Text = text, FinishReason = "stop", Tokens = 1 }],
            Usage = new JobUsage { PromptTokens = 2, GeneratedTokens = 1 },
            Source = AnswerSource.Engine,
        };
        await Store.FinishAsync(worker, [new JobOutcome { Fence = claimed.Fence, State = JobState.Succeeded, Result = result }], CancellationToken.None);
        _app.Services.GetRequiredService<JobWaiters>().Finished(id);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
