using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sluice.Store;
using Sluice.Tests.Api;
using Xunit;

namespace Sluice.Tests.Webhooks;

/// <summary>Good endpoints beside every hostile one, through the whole service. Alone: what other tests keep meanwhile would count as kept by the sender.</summary>
[CollectionDefinition(nameof(HostileNeighbourTests), DisableParallelization = true)]
[Collection(nameof(HostileNeighbourTests))]
public sealed class HostileNeighbourTests : IAsyncLifetime
{
    private const int GoodEndpoints = 10, GoodJobs = 20, HostileJobs = 10;
    private const long MostBytes = 20_000_000;

    /// <summary>Less than the 30 s that hostile attempts hang, so that what is waited for did not wait for them.</summary>
    private static readonly TimeSpan s_meanwhile = TimeSpan.FromSeconds(25);

    private readonly List<HostileServer> _servers = [];

    public ValueTask InitializeAsync()
    {
        _servers.AddRange(HostileSinks.Plain().Select(sink => new HostileServer(sink)));
        return default;
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_servers.Select(server => server.DisposeAsync().AsTask()));

    [Fact]
    public async Task Every_good_endpoint_hears_of_every_job_once_while_the_hostile_ones_are_at_it_and_20_MB_at_most_are_kept()
    {
        List<Sink> good = [.. Enumerable.Range(0, GoodEndpoints).Select(_ => Sink.Status(200))];
        try
        {
            await using ApiHost host = await ApiHost.StartAsync(worker: true, settings: new() { ["Webhooks:Timeout"] = "00:00:30" });
            using HttpClient hostile = await host.ClientAsync("hostile", KeyScopes.All);
            foreach (Sink sink in good)
            {
                await PostAsync(host.Client, "/v1/webhooks", $$"""{"url":"{{sink.Url}}"}""");
            }
            await SubmitAsync(host.Client, 1);
            await EventuallyAsync(Stopwatch.GetTimestamp(), () => good.All(sink => sink.Requests.Count == 1), "all that is made once has been made");
            foreach (HostileServer server in _servers)
            {
                await PostAsync(hostile, "/v1/webhooks", $$"""{"url":"{{server.Url}}"}""");
            }
            long before = GC.GetTotalMemory(forceFullCollection: true), start = Stopwatch.GetTimestamp();

            await SubmitAsync(hostile, 1);
            await EventuallyAsync(start, () => _servers.All(server => server.Sink.NeverAccepts || server.Connections > 0), "every hostile endpoint has been called");
            await SubmitAsync(hostile, HostileJobs - 1);
            await SubmitAsync(host.Client, GoodJobs - 1);
            await EventuallyAsync(start, () => good.All(sink => sink.Requests.Count >= GoodJobs), "the good endpoints have heard of all");
            long kept = GC.GetTotalMemory(forceFullCollection: true) - before;

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"hostile neighbours: {_servers.Count}, called {_servers.Sum(server => server.Connections)} times; {GoodEndpoints * GoodJobs} good deliveries beside them in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s, {kept / 1e6:0.0} MB kept"));
            Assert.All(good, sink => Assert.Equal(GoodJobs, sink.Requests.DistinctBy(request => request.Headers["webhook-id"]).Count()));
            Assert.All(good, sink => Assert.Equal(GoodJobs, sink.Requests.Count));
            Assert.InRange(kept, long.MinValue, MostBytes);
        }
        finally
        {
            await Task.WhenAll(good.Select(sink => sink.DisposeAsync().AsTask()));
        }
    }

    private static async Task EventuallyAsync(long start, Func<bool> holds, string what)
    {
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_meanwhile, $"Not within {s_meanwhile.TotalSeconds} s: {what}");
            await Task.Delay(20);
        }
    }

    private static async Task SubmitAsync(HttpClient client, int jobs)
    {
        for (int i = 0; i < jobs; i++)
        {
            await PostAsync(client, "/v1/jobs", $$"""{"model":"stub","prompt":"{{jobs}} jobs, number {{i}}","cache":{"mode":"off"} }""");
        }
    }

    private static async Task PostAsync(HttpClient client, string path, string json)
    {
        using StringContent body = new(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(path, body);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }
}
