using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Sluice.Store.Postgres;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Store;

/// <summary>What statements look at while many jobs wait.</summary>
[Collection(PostgresTests.Name)]
public sealed class DispatchSqlTests(PostgresDatabase database) : StoreContract(new PostgresHost(database))
{
    private const int Waiting = 20_000, Held = 30, Limit = 40;

    private static readonly string Fill = $"""
        set sluice.tenant = '*';
        insert into jobs (id, tenant, namespace, kind, class, run_class, state, on_late, cache_mode, model, model_revision, prompt_tokens, max_new_tokens, prefix_key,
            claims, failures, suspicions, seq, has_webhook, created_at, expires_at, ticketed_at, held_by)
        select gen_random_uuid(), 't' || n % 20, 'default', 0, 1, 1, 0, 0, 0, '{Model}', 'r1', 5, 16, n % 500,
            0, 0, 0, 1, false, now(), now() + interval '1 day', now() - interval '1 hour', case when n <= {Held} then '{"{victim}"}'::uuid end
        from generate_series(1, {Waiting + Held}) n;
        analyze jobs;
        """;

    [Theory]
    [InlineData(false, Held)]
    [InlineData(true, Held + Limit)]
    public async Task A_thief_looks_at_no_more_jobs_than_are_held_and_the_oldest_of_those_that_nobody_holds(bool forsaken, int most)
    {
        Guid victim = await WorkerAsync(), thief = await WorkerAsync("w2");
        await PostgresDatabase.RunAsync(database.AdminConnectionString, Fill.Replace("{victim}", $"{victim}", StringComparison.Ordinal));
        using JsonDocument plan = await ExplainAsync(thief, forsaken ? TimeSpan.FromMinutes(1) : null);
        double visited = Visited(plan.RootElement[0].GetProperty("Plan"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"loot: {visited} of {Waiting + Held} jobs visited"));
        // once for the list; once more where the holder's running jobs are looked for
        Assert.InRange(visited, Held, 2 * most);
    }

    /// <summary>As the service's own connections have it done.</summary>
    private async Task<JsonDocument> ExplainAsync(Guid thief, TimeSpan? forsaken)
    {
        await using Database connections = new(Options.Create(database.Options), TimeProvider.System);
        string age = forsaken is { } old ? $"'{old}'" : "null";
        return JsonDocument.Parse(await connections.DispatchAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.All).Add(DispatchSql.InOrder)
                .Add($"prepare loot (uuid, text[], interval, bigint) as {DispatchSql.Loot}")
                .Add($"explain (analyze, format json) execute loot ('{thief}', '{{{Model}}}', {age}, {Limit})").ReadAsync(limit);
            return (await rows.ListAsync(row => row.GetString(0), limit))[0];
        }, Token));
    }

    /// <summary>Rows of jobs that were read, whether they were wanted or not.</summary>
    private static double Visited(JsonElement node)
    {
        double rows = node.TryGetProperty("Relation Name", out JsonElement name) && name.GetString() == "jobs"
            ? (Number(node, "Actual Rows") + Number(node, "Rows Removed by Filter") + Number(node, "Rows Removed by Index Recheck")) * Number(node, "Actual Loops")
            : 0;
        return rows + (node.TryGetProperty("Plans", out JsonElement parts) ? parts.EnumerateArray().Sum(Visited) : 0);
    }

    private static double Number(JsonElement node, string name) => node.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : 0;
}
