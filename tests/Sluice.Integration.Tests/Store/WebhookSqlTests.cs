using System.Globalization;
using System.Text.Json;
using Sluice.Store;
using Sluice.Store.Postgres;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Store;

/// <summary>What a sender's claim looks at while many rows wait for a receiver that is down.</summary>
[Collection(PostgresTests.Name)]
public sealed class WebhookSqlTests(PostgresDatabase database) : StoreContract(new PostgresHost(database))
{
    private const int Waiting = 20_000, Most = 10;

    private static readonly Guid s_down = Guid.CreateVersion7(), s_up = Guid.CreateVersion7();

    [Fact]
    public async Task Rows_that_wait_for_a_receiver_that_is_down_are_neither_read_one_by_one_nor_in_the_way_of_others()
    {
        Assert.True(await EndpointAsync(s_down, Tenant));
        Assert.True(await EndpointAsync(s_up, Other));
        await FillAsync(Tenant, $"'{s_down}'", "https://down.example.org/", Waiting, "1 hour");
        await FillAsync(Other, $"'{s_up}'", "https://up.example.org/", 2, "1 minute");
        await FillAsync(Other, "null", "https://own.example.org/", 2, "1 minute");
        await PostgresDatabase.RunAsync(database.AdminConnectionString, "analyze webhook_deliveries");

        using JsonDocument plan = await StatementPlan.ExplainAsync(
            database, "(bigint, bigint, text[], text[], text[], bigint)", WebhookSql.Due, $"{Most}, 8, '{{{s_down}}}', '{{}}', '{{}}', 32", WebhookSql.ByIndex);
        double visited = StatementPlan.Visited(plan, "webhook_deliveries");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"due: {visited} of {Waiting + 4} deliveries visited"));
        Assert.InRange(visited, 4, 500);

        DeliveryClaim ask = new() { Most = Most, PerTarget = 8, Lease = TimeSpan.FromMinutes(1), BusyTargets = [$"{s_down}"] };
        IReadOnlyList<DueDelivery> due = await Webhooks.ClaimAsync(ask, _ => [], Token);
        string own = $"{Other} own.example.org";
        Assert.Equal(new[] { own, own, $"{s_up}", $"{s_up}" }.Order(), due.Select(d => d.Target).Order());
        due = await Webhooks.ClaimAsync(ask with { BusyTargets = [], Probes = [$"{s_down}"] }, _ => [], Token);
        Assert.Equal($"{s_down}", Assert.Single(due).Target);
    }

    [Fact]
    public async Task What_a_deleted_endpoint_leaves_is_dropped_by_and_by_and_in_nobodys_way()
    {
        Assert.True(await EndpointAsync(s_down, Tenant));
        Assert.True(await EndpointAsync(s_up, Other));
        await FillAsync(Tenant, $"'{s_down}'", "https://down.example.org/", 2500, "1 hour");
        await FillAsync(Other, $"'{s_up}'", "https://up.example.org/", 2, "1 minute");
        Assert.True(await Webhooks.DeleteAsync(Tenant, s_down, Token));
        Assert.Equal(2500 - WebhookSql.MostDropped, await PendingAsync());
        DeliveryClaim ask = new() { Most = Most, PerTarget = 8, Lease = TimeSpan.FromMinutes(1) };
        Assert.Equal([$"{s_up}", $"{s_up}"], (await Webhooks.ClaimAsync(ask, _ => [], Token)).Select(d => d.Target));
        for (int i = 0; i < 2; i++)
            Assert.Empty(await Webhooks.ClaimAsync(ask, _ => [], Token));
        Assert.Equal(0, await PendingAsync());

        async Task<int> PendingAsync() => (await Webhooks.DeliveriesAsync(Tenant, s_down, 5000, Token)).Count(d => d.State == DeliveryState.Pending);
    }

    private Task<bool> EndpointAsync(Guid id, string tenant) => Webhooks.AddAsync(new NewWebhookEndpoint(id, tenant, "https://hooks.example.org/in", [], [7]), 10, Token);

    private Task FillAsync(string tenant, string endpoint, string url, int rows, string age) => PostgresDatabase.RunAsync(database.AdminConnectionString, $"""
        set sluice.tenant = '*';
        insert into webhook_deliveries (id, tenant, job, endpoint, url, event, body, state, attempts, next_at, created_at, expires_at)
        select gen_random_uuid(), '{tenant}', gen_random_uuid(), {endpoint}, '{url}', 'job.succeeded', '\x01', 0, 0, now() - interval '{age}' + n * interval '1 ms', now(), now() + interval '1 day'
        from generate_series(1, {rows}) n;
        """);
}
