using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Queue;
using Sluice.Integration.Tests.Store;
using Sluice.Service;
using Sluice.Service.Access;
using Sluice.Store;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Api;

/// <summary>What callers over HTTP see while Postgres is away, with the time-outs that the product ships.</summary>
[Collection(PostgresTests.Name)]
public sealed class DatabaseAwayTests(PostgresDatabase database) : RealRigs(database)
{
    private static readonly TimeSpan s_promised = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_submit_gets_503_with_retry_after_within_two_seconds_and_is_accepted_again_by_itself()
    {
        NpgsqlConnectionStringBuilder direct = new(Postgres);
        await using TcpProxy proxy = new(direct.Host!, direct.Port);
        (string key, _) = ApiKeyText.Create("default", KeyScopes.All, null, TimeProvider.System.GetUtcNow());
        SluiceHostOptions options = new()
        {
            Engine = EngineKind.Stub,
            Roles = new HashSet<HostRole> { HostRole.Api },
            Urls = "http://127.0.0.1:0",
            Settings = new Dictionary<string, string?>
            {
                ["Store:ConnectionString"] = new NpgsqlConnectionStringBuilder(Postgres) { Host = "127.0.0.1", Port = proxy.Port }.ConnectionString,
                ["Queue:Host"] = Broker.Host,
                ["Queue:Prefix"] = Broker.Prefix,
                ["Access:BootstrapKey"] = key,
            },
        };
        await using WebApplication app = SluiceHost.Build(options);
        await app.StartAsync();
        using HttpClient client = new() { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        await EventuallyAsync(async () => (await SubmitAsync(client)).StatusCode == HttpStatusCode.Accepted, "the first submit is accepted");

        await proxy.DownAsync();
        for (int attempt = 0; attempt < 5; attempt++)
        {
            long from = Stopwatch.GetTimestamp();
            using HttpResponseMessage refused = await SubmitAsync(client);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.InRange(Stopwatch.GetElapsedTime(from), TimeSpan.Zero, s_promised);
        }
        proxy.Up();
        await EventuallyAsync(async () => (await SubmitAsync(client)).StatusCode == HttpStatusCode.Accepted, "a submit is accepted again");
        await app.StopAsync();
    }

    private static Task EventuallyAsync(Func<Task<bool>> holds, string what) => WorkerRig.EventuallyAsync(holds, what);

    private static Task<HttpResponseMessage> SubmitAsync(HttpClient client) => client.PostAsync(
        new Uri("/v1/jobs", UriKind.Relative), new StringContent("""{"model":"stub","prompt":"hello","cache":{"mode":"off"}}""", Encoding.UTF8, "application/json"));
}
