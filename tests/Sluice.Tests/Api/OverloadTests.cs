using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Api;

/// <summary>More at the door than may wait.</summary>
public sealed class OverloadTests : IAsyncLifetime
{
    private const int Modest = 19, Each = 20, Bound = 40, Greedy = 1000, AtOnce = 16;

    private ApiHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync(new() { ["Intake:QueuedPerTenant"] = Bound.ToString(CultureInfo.InvariantCulture), ["Intake:CountEvery"] = "00:00:00.2" });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task One_tenant_that_floods_is_refused_fast_with_retry_after_and_takes_nothing_from_nineteen_others()
    {
        List<HttpClient> clients = [];
        for (int i = 0; i <= Modest; i++)
        {
            clients.Add(await _host.ClientAsync($"tenant-{i}", KeyScopes.Submit));
        }
        ConcurrentBag<(int Tenant, HttpStatusCode Status, TimeSpan? RetryAfter, TimeSpan Took)> answers = [];
        // the flood and the others in one stream, mixed
        int[] order = [.. Enumerable.Repeat(0, Greedy), .. Enumerable.Range(1, Modest).SelectMany(tenant => Enumerable.Repeat(tenant, Each))];
        new Random(17).Shuffle(order);
        await Parallel.ForEachAsync(order.Index(), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (asked, token) =>
        {
            using StringContent body = new($$"""{"model":"stub","prompt":"number {{asked.Index}}","cache":{"mode":"off"} }""", Encoding.UTF8, "application/json");
            long start = TimeProvider.System.GetTimestamp();
            using HttpResponseMessage answer = await clients[asked.Item].PostAsync("/v1/jobs", body, token);
            answers.Add((asked.Item, answer.StatusCode, answer.Headers.RetryAfter?.Delta, TimeProvider.System.GetElapsedTime(start)));
        });
        clients.ForEach(client => client.Dispose());

        Assert.All(answers.Where(answer => answer.Tenant > 0), answer => Assert.Equal(HttpStatusCode.Accepted, answer.Status));
        var refused = answers.Where(answer => answer.Status != HttpStatusCode.Accepted).OrderBy(answer => answer.Took).ToArray();
        Assert.Equal(Greedy - Bound, refused.Length);
        Assert.All(refused, answer => Assert.Equal((0, HttpStatusCode.TooManyRequests), (answer.Tenant, answer.Status)));
        Assert.All(refused, answer => Assert.True(answer.RetryAfter > TimeSpan.Zero));
        TimeSpan half = refused[refused.Length / 2].Took, late = refused[refused.Length * 99 / 100].Took;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{refused.Length} of {order.Length} refused, half of them within {half.TotalMilliseconds:0.0} ms, 99 % within {late.TotalMilliseconds:0.0} ms"));
        Assert.InRange(half.TotalMilliseconds, 0, 500); // 99 % are promised within 50 ms on a machine that does nothing else
        Assert.Equal(Bound + (Modest * Each), (await _host.Store.StatisticsAsync(TestContext.Current.CancellationToken)).Queued);
    }
}
