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
