using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Access;
using Sluice.Store;
using Xunit;

namespace Sluice.Integration.Tests.Isolation;

/// <summary>Callers that send each thing again and again, at once and to two nodes.</summary>
[Collection(PostgresTests.Name)]
public sealed class IdempotencyTests(PostgresDatabase database) : RealRigs(database)
{
    private const int Keys = 1_000, Parallel = 64;
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(12), s_pause = TimeSpan.FromMilliseconds(200);
    private int _again;
    private readonly string _key = ApiKeyText.Create("default", KeyScopes.All, null, TimeProvider.System.GetUtcNow()).Text;

    [Fact]
    public async Task A_thousand_keys_of_which_each_is_sent_64_times_at_once_make_a_thousand_jobs()
    {
        await using WebApplication one = await ServeAsync(), two = await ServeAsync();
        HttpClient[] nodes = [Connect(one), Connect(two)];
        ConcurrentDictionary<string, ConcurrentBag<string>> answers = [];
        long start = Stopwatch.GetTimestamp();
        // Every caller goes through the keys in the same order, so that the 64 of one key meet.
        await Task.WhenAll(Enumerable.Range(0, Parallel).Select(caller => Task.Run(async () =>
        {
            for (int key = 0; key < Keys; key++)
            {
                using HttpResponseMessage response = await SubmitAsync(nodes[caller % 2], $"key-{key}", $"prompt {key}");
                string body = await response.Content.ReadAsStringAsync();
                Assert.True(response.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.OK, $"{response.StatusCode} {body}");
                answers.GetOrAdd($"key-{key}", _ => []).Add(System.Text.Json.JsonSerializer.Deserialize(body, JobsJson.Default.JobView)!.Id.ToString());
            }
        }))).WaitAsync(s_limit);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        Assert.Equal(Keys, await CountAsync("select count(*) from jobs"));
        Assert.Equal(Keys, await CountAsync("select count(*) from idempotency_keys"));
        Assert.Equal((Keys, Keys * Parallel), (answers.Count, answers.Sum(pair => pair.Value.Count)));
        Assert.All(answers.Values, ids => Assert.Single(ids.Distinct()));
        Assert.Equal(Keys, answers.Values.Select(ids => ids.First()).Distinct().Count());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"idempotency: {Keys} keys x {Parallel} on two nodes, {Keys * Parallel} calls in {took.TotalSeconds:0.0} s, {Keys} jobs; {_again} times 503"));

        // Another request under a key that is taken is a fault of its caller, whoever asks at the same time.
        HttpResponseMessage[] others = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(caller => SubmitAsync(nodes[caller % 2], $"key-{caller}", "another prompt")));
        Assert.All(others, other => Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode));
        Assert.Equal(Keys, await CountAsync("select count(*) from jobs"));
        await one.StopAsync();
        await two.StopAsync();
    }

    /// <summary>Sent again, under the same key, as long as the store has no time for it.</summary>
    private async Task<HttpResponseMessage> SubmitAsync(HttpClient client, string key, string prompt)
    {
        while (true)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, "/v1/jobs")
            {
                Content = new StringContent($$"""{"model":"stub","prompt":"{{prompt}}","cache":{"mode":"off"} }""", Encoding.UTF8, "application/json"),
            };
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
            HttpResponseMessage response = await client.SendAsync(request);
            if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                return response;
            }
            response.Dispose();
            Interlocked.Increment(ref _again);
            await Task.Delay(s_pause);
        }
    }

    private HttpClient Connect(WebApplication app)
    {
        HttpClient client = new() { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        return client;
    }

    private async Task<WebApplication> ServeAsync()
    {
        WebApplication app = SluiceHost.Build(new SluiceHostOptions
        {
            Engine = EngineKind.Stub,
            Roles = new HashSet<HostRole> { HostRole.Api },
            Urls = "http://127.0.0.1:0",
            Settings = new Dictionary<string, string?>(Settings("none")) { ["Access:BootstrapKey"] = _key, ["Logging:LogLevel:Default"] = "None" },
        });
        await app.StartAsync();
        return app;
    }
}
