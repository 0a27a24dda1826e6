using Npgsql;
using Sluice.Integration.Tests.Store;
using Sluice.Service.Access;
using Sluice.Store;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Isolation;

/// <summary>Row-level security on every table that has a tenant, and what the test itself sees where it is gone.</summary>
[Collection(PostgresTests.Name)]
public sealed class RowSecurityTests(PostgresDatabase database) : SubmissionStepsContract(new PostgresHost(database))
{
    /// <summary>Which schema, which workers and models there are is nobody's secret from the service.</summary>
    private static readonly string[] s_shared = ["cost_models", "models", "schema_migrations", "workers"];

    /// <summary>The service's role has no right to update these: a policy that would let it changes nothing.</summary>
    private static readonly string[] s_frozen = ["job_events", "results"];

    /// <summary>What <c>sluice.tenant = '*'</c>, the setting of dispatch, shows of all tenants: every table with a tenant but the cache's.</summary>
    private static readonly string[] s_opened =
    [
        "api_keys", "idempotency_keys", "job_events", "job_inputs", "jobs", "outbox", "results", "schedule_firings", "schedules", "submission_lines", "submission_tallies", "submissions",
        "tenants", "usage", "webhook_deliveries", "webhook_endpoints",
    ];

    /// <summary>As the service's role: a tenant's cache entry, read by that tenant, put back under the setting of dispatch with {0} for its tenant.</summary>
    private const string Plant = $$"""
        do $$
        declare entry cache_entries;
        begin
            perform set_config('sluice.tenant', '{{Tenant}}', true);
            select * into strict entry from cache_entries limit 1;
            perform set_config('sluice.tenant', '*', true);
            entry.tenant := '{0}';
            entry.id := gen_random_uuid();
            entry.exact_key := '\x02';
            insert into cache_entries values (entry.*);
        end $$
        """;

    private RowSecurity Rows => new(new NpgsqlConnectionStringBuilder(database.ServiceConnectionString) { Pooling = true }.ConnectionString, Tenant, Other);

    [Fact]
    public async Task No_table_shows_gives_or_takes_another_tenants_rows()
    {
        await FillAsync();
        (int attempts, List<string> breaches) = await Rows.ProbeAsync();
        Console.WriteLine($"row-level security: {attempts} attempts on {(await Rows.TablesAsync()).Count} tables, {breaches.Count} breaches");
        Assert.Empty(breaches);
        Assert.True(attempts >= 17 * 17, $"Only {attempts} attempts.");
    }

    [Fact]
    public async Task Every_tenants_table_was_tried_with_rows_and_the_rest_are_known()
    {
        await FillAsync();
        foreach ((string table, string column) in await Rows.TablesAsync())
        {
            foreach (string tenant in new[] { Tenant, Other })
            {
                Assert.True(await CountAsync(tenant, $"select count(*) from {table} where {column} = '{tenant}'") > 0, $"{tenant} has nothing in {table}.");
                Assert.Equal(0, await CountAsync(tenant, $"select count(*) from {table} where {column} <> '{tenant}'"));
            }
        }
        Assert.Equal(s_shared, await Rows.SharedAsync());
        Assert.Equal(s_frozen, await Rows.FrozenAsync());
    }

    /// <summary>Whoever can send SQL as the service's role can set this too: row-level security does not hold against dispatch's own faults, except for the cache.</summary>
    [Fact]
    public async Task The_setting_of_dispatch_opens_these_tables_to_the_services_role_and_not_the_cache()
    {
        await FillAsync();
        List<string> seen = [], changed = [];
        foreach ((string table, string column) in await Rows.TablesAsync())
        {
            if (await CountAsync("*", $"select count(distinct {column}) from {table} where {column} in ('{Tenant}', '{Other}')") == 2)
            {
                seen.Add(table);
            }
            if (!s_frozen.Contains(table) && await CountAsync("*", $"with changed as (update {table} set {column} = {column} returning {column} as tenant) select count(distinct tenant) from changed") == 2)
            {
                changed.Add(table);
            }
        }
        Assert.Equal(s_opened, seen);
        Assert.Equal(s_opened.Except(s_frozen), changed);

        long entries = await CountAsync(Tenant, "select count(*) from cache_entries");
        Assert.True(entries > 0, "There is no entry that could be shown.");
        Assert.Equal(0, await CountAsync("*", "select count(*) from cache_entries"));
        Assert.Equal(0, await CountAsync("*", "with changed as (update cache_entries set outputs = outputs returning id) select count(*) from changed"));
        Assert.Equal(0, await CountAsync("*", "with gone as (delete from cache_entries returning id) select count(*) from gone"));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await PlantAsync(Tenant));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await PlantAsync(Other));
        Assert.Equal(PostgresErrorCodes.CheckViolation, await PlantAsync("*"));
        Assert.Equal(entries, await CountAsync(Tenant, "select count(*) from cache_entries"));
    }

    /// <summary>The test of this test: with the security of one table off, or its policy open to all, that table is named.</summary>
    [Theory]
    [InlineData("alter table {0} disable row level security", "alter table {0} enable row level security")]
    [InlineData("create policy everybody on {0} using (true)", "drop policy everybody on {0}")]
    [InlineData("create policy everybody on {0} for select using (true)", "drop policy everybody on {0}")]
    [InlineData("create policy everybody on {0} for insert with check (true)", "drop policy everybody on {0}")]
    [InlineData("create policy everybody on {0} for update using (true) with check (true)", "drop policy everybody on {0}")]
    public async Task A_table_without_it_is_found_out(string open, string close)
    {
        await FillAsync();
        bool updates = open.Contains("for update", StringComparison.Ordinal);
        foreach ((string table, _) in (await Rows.TablesAsync()).Where(t => !updates || !s_frozen.Contains(t.Table)))
        {
            await RunAsync(open, table);
            try
            {
                Assert.True((await Rows.ProbeAsync(table)).Breaches.Count > 0, $"{table} stands open and nothing was found.");
            }
            finally
            {
                await RunAsync(close, table);
            }
        }
    }

    private Task RunAsync(string sql, string table) => PostgresDatabase.RunAsync(database.AdminConnectionString, sql.Replace("{0}", table, StringComparison.Ordinal));

    /// <summary>Why an entry of this tenant was refused to the setting of dispatch.</summary>
    private async Task<string> PlantAsync(string tenant) => (await Assert.ThrowsAsync<PostgresException>(() =>
        PostgresDatabase.RunAsync(database.ServiceConnectionString, Plant.Replace("{0}", tenant, StringComparison.Ordinal)))).SqlState;

    private async Task<long> CountAsync(string tenant, string sql)
    {
        await using NpgsqlConnection connection = new(database.ServiceConnectionString);
        await connection.OpenAsync(Token);
        await using NpgsqlCommand command = new($"select set_config('sluice.tenant', '{tenant}', false); {sql}", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        await reader.NextResultAsync(Token);
        await reader.ReadAsync(Token);
        return reader.GetInt64(0);
    }

    /// <summary>Both tenants get a row in every table that has tenants.</summary>
    private async Task FillAsync()
    {
        foreach (string tenant in new[] { Tenant, Other })
        {
            Guid worker = await WorkerAsync($"w-{tenant}");
            (_, ApiKey key) = ApiKeyText.Create(tenant, KeyScopes.All, null, TimeProvider.System.GetUtcNow());
            await Keys.AddAsync(key, Token);
            await Webhooks.AddAsync(new NewWebhookEndpoint(Guid.CreateVersion7(), tenant, "https://hooks.example.org/in", [], [7]), 10, Token);
            NewJob job = Twin("a prompt", tenant) with { IdempotencyKey = "k", RequestHash = Hash("a") };
            await SubmitAsync(job);
            Assert.True(await SucceedAsync(worker, (await RunAsync(worker, job.Id)).Fence));
            await SubmitAsync(Job("waits", tenant));

            NewSubmission submission = New() with { Tenant = tenant };
            await Submissions.StartAsync(submission, Token);
            await Submissions.StageAsync(tenant, submission.Id, new LineChunk { After = 0, Last = 2, Lines = [Line(1, "a"), Line(2, "b")] }, Token);
            await Submissions.CloseAsync(tenant, submission.Id, UploadEnd.Complete, null, Token);
            FeedWork work = (await TakeAsync())!;
            Assert.NotNull(await Submissions.FeedAsync(new FedChunk { Work = work, Jobs = [.. work.Lines.Select(l => Fed(submission.Id, l.Number) with { Tenant = tenant })], Invalid = [] }, Token));
            await EndAsync(submission.Id, 1);

            ScheduleRecord schedule = new()
            {
                Id = NewId().Value,
                Tenant = tenant,
                Name = "nightly",
                Cron = "0 30 2 * * ?",
                TimeZone = "Europe/Berlin",
                Source = "{}",
                Request = "{}",
                Sink = "{}",
            };
            await Schedules.AddAsync(schedule, 10, Token);
            Assert.NotNull(await Schedules.FireAsync(new FireRequest { Id = NewId().Value, Schedule = schedule.Id, FireTime = null, MostWaiting = 10 }, Token));
        }
    }
}
