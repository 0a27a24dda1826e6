using System.Globalization;
using System.Text.Json;
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
        string age = forsaken ? "'1 minute'" : "null";
        using JsonDocument plan = await StatementPlan.ExplainAsync(database, "(uuid, text[], interval, bigint)", DispatchSql.Loot, $"'{thief}', '{{{Model}}}', {age}, {Limit}", DispatchSql.InOrder);
        double visited = StatementPlan.Visited(plan, "jobs");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"loot: {visited} of {Waiting + Held} jobs visited"));
        // once for the list; once more where the holder's running jobs are looked for
        Assert.InRange(visited, Held, 2 * most);
    }

    [Fact]
    public async Task A_worker_that_looks_for_what_had_begun_looks_at_nothing_else()
    {
        const int begun = 10;
        Guid victim = await WorkerAsync(), other = await WorkerAsync("w2");
        await PostgresDatabase.RunAsync(database.AdminConnectionString, Fill.Replace("{victim}", $"{victim}", StringComparison.Ordinal));
        await PostgresDatabase.RunAsync(database.AdminConnectionString, $"set sluice.tenant = '*'; update jobs set state = 1, claims = 1 where id in (select id from jobs where held_by is not null limit {begun})");
        await Store.RetireWorkerAsync(victim, Token);
        using JsonDocument plan = await StatementPlan.ExplainAsync(database, "(uuid, text[], bigint)", DispatchSql.Resume, $"'{other}', '{{{Model}}}', {Limit}", "select from set_config('enable_bitmapscan', 'on', true) as s where s is null");
        double visited = StatementPlan.Visited(plan, "jobs");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"resume: {visited} of {Waiting + Held} jobs visited"));
        Assert.InRange(visited, begun, 3 * begun); // once to be found, once to be held; and what is held then is returned
    }
}
