using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
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
    private const int Keys = 1_000, Callers = 64;

    /// <summary>Keys whose callers are under way at a time, so that nobody is idle while the last answers of a key come in.</summary>
    private const int Lanes = 2;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(12), s_pause = TimeSpan.FromMilliseconds(200);
    private int _again;
    private readonly string _key = ApiKeyText.Create("default", KeyScopes.All, null, TimeProvider.System.GetUtcNow()).Text;

    [Fact]
    public async Task A_thousand_keys_of_which_each_is_sent_64_times_at_once_make_a_thousand_jobs()
    {
        await using WebApplication one = await ServeAsync(), two = await ServeAsync();
        HttpClient[] nodes = [Connect(one), Connect(two)];
        (string[] Ids, int Met)[] answers = new (string[] Ids, int Met)[Keys];
        long start = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(Enumerable.Range(0, Keys), new ParallelOptions { MaxDegreeOfParallelism = Lanes }, async (key, _) => answers[key] = await RushAsync(nodes, key)).WaitAsync(s_limit);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        Assert.Equal(Keys, await CountAsync("select count(*) from jobs"));
        Assert.Equal(Keys, await CountAsync("select count(*) from idempotency_keys"));
        Assert.Equal(Keys * Callers, answers.Sum(answer => answer.Ids.Length));
        Assert.All(answers, answer => Assert.Single(answer.Ids.Distinct()));
        Assert.Equal(Keys, answers.Select(answer => answer.Ids[0]).Distinct().Count());
        int met = answers.Select(answer => answer.Met).Order().ElementAt(Keys / 2);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"idempotency: {Keys} keys x {Callers} on two nodes, {Keys * Callers} calls in {took.TotalSeconds:0.0} s, {Keys} jobs; sent before the first answer, of {Callers}: {met} in the median; {_again} times 503"));
        Assert.True(met >= Callers / 2, $"The callers of a key did not meet: {met} of {Callers} had sent before the first was answered.");

        // Another request under a key that is taken is a fault of its caller, whoever asks at the same time.
        HttpResponseMessage[] others = await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => SubmitAsync(nodes[caller % 2], $"key-{caller}", "another prompt")));
        Assert.All(others, other => Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode));
        Assert.Equal(Keys, await CountAsync("select count(*) from jobs"));
        await one.StopAsync();
        await two.StopAsync();
    }

    /// <summary>All callers of a key wait for one sign. Returns the ids that they got, and how many had sent when the first answer came.</summary>
    private async Task<(string[] Ids, int Met)> RushAsync(HttpClient[] nodes, int key)
    {
        TaskCompletionSource sign = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int sent = 0, met = 0;
        Task<string>[] calls = [.. Enumerable.Range(0, Callers).Select(caller => CallAsync(nodes[caller % 2]))];
        sign.SetResult();
        string[] ids = await Task.WhenAll(calls);
        return (ids, met);

        async Task<string> CallAsync(HttpClient node)
        {
            await sign.Task;
            Interlocked.Increment(ref sent);
            using HttpResponseMessage response = await SubmitAsync(node, $"key-{key}", $"prompt {key}");
            Interlocked.CompareExchange(ref met, Volatile.Read(ref sent), 0);
            string body = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.OK, $"{response.StatusCode} {body}");
            return JsonSerializer.Deserialize(body, JobsJson.Default.JobView)!.Id.ToString();
        }
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
