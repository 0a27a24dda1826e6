using Npgsql;
using Sluice.Jobs;
using Sluice.Migrations;
using Sluice.Store;
using Sluice.Store.Postgres;
using Sluice.Store.Schema;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Store;

/// <summary>What the database itself holds to, whatever the program does.</summary>
[Collection(PostgresTests.Name)]
public sealed class PostgresRulesTests(PostgresDatabase database) : StoreContract(new PostgresHost(database))
{
    [Fact]
    public void The_program_asks_for_the_last_migration_and_all_were_applied()
    {
        Assert.Equal(SchemaVersion.Latest, Migrator.Known[^1]);
        Assert.Equal(Migrator.Known, database.Report!.Applied);
    }

    [Fact]
    public async Task Migrating_again_changes_nothing()
    {
        MigrationReport again = await Migrator.ApplyAsync(database.AdminConnectionString, Token);
        Assert.Empty(again.Applied);
        Assert.Equal(SchemaVersion.Latest, again.Current);
    }

    [Theory]
    [InlineData("update jobs set state = 0")]
    [InlineData("update jobs set claims = claims + 1")]
    [InlineData("update jobs set finished_at = now()")]
    [InlineData("update job_events set reason = 'x'")]
    [InlineData("delete from job_events")]
    [InlineData("update results set outputs = '[]'")]
    public async Task What_ended_stays_as_it_is(string change)
    {
        await FinishOneAsync();
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => AsAsync(database.AdminConnectionString, "*", change));
        Assert.Equal(PostgresErrorCodes.IntegrityConstraintViolation, refused.SqlState);
        Assert.Equal(JobState.Succeeded, (await Store.ListAsync(Tenant, new JobQuery(), Token))[0].State);
    }

    [Fact]
    public async Task An_erased_or_purged_job_may_go()
    {
        await FinishOneAsync();
        Assert.Equal(1, await AsAsync(database.ServiceConnectionString, "*", "delete from jobs"));
        Assert.Equal(3, await AsAsync(database.AdminConnectionString, "*", "delete from job_events"));
    }

    [Theory]
    [InlineData("jobs")]
    [InlineData("job_inputs")]
    [InlineData("job_events")]
    [InlineData("results")]
    [InlineData("outbox")]
    [InlineData("usage")]
    [InlineData("cache_entries")]
    [InlineData("idempotency_keys")]
    public async Task Rows_are_seen_by_their_tenant_only(string table)
    {
        await FinishOneAsync();
        string count = $"select count(*) from {table}";
        Assert.Equal(0, await CountAsync(null, count));
        Assert.Equal(0, await CountAsync(Other, count));
        Assert.True(await CountAsync(Tenant, count) > 0);
        Assert.Equal(table != "cache_entries", await CountAsync("*", count) > 0);
        await Assert.ThrowsAsync<PostgresException>(() => AsAsync(database.ServiceConnectionString, Other, $"insert into {table} select * from {table} union all select (jsonb_populate_record(null::{table}, jsonb_build_object('tenant', '{Tenant}'))).*"));
    }

    [Fact]
    public async Task Every_table_with_a_tenant_is_under_forced_row_security()
    {
        Assert.Equal(0, await CountAsync(null, """
            select count(*) from information_schema.columns c join pg_class t on t.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
            where c.table_schema = 'public' and c.column_name = 'tenant' and t.relkind = 'r' and not (t.relrowsecurity and t.relforcerowsecurity)
            """));
    }

    [Fact]
    public async Task The_ledger_and_the_events_tell_the_whole_life()
    {
        NewJob job = await FinishOneAsync();
        Assert.Equal(1, await CountAsync(Tenant, $"select count(*) from usage where job = '{job.Id.Value}' and (prompt_tokens, cached_tokens, generated_tokens, drafted_tokens, accepted_tokens, source) = (5, 1, 4, 3, 2, 0)"));
        Assert.Equal(3, await CountAsync(Tenant, "select count(*) from job_events where (seq, state, claims) in ((1, 0, 0), (2, 1, 1), (3, 2, 1))"));
        Assert.Equal(1, await CountAsync(Tenant, "select count(*) from cache_entries where dim = 2 and embedder_id = 'lexical-1' and embedding <=> '[0.6,0.8]' < 1e-6"));
    }

    [Fact]
    public async Task A_webhook_row_is_written_with_the_end_that_was_asked_for()
    {
        Guid worker = await WorkerAsync();
        NewJob[] jobs = [With(null), With(["job.failed"]), With(["job.succeeded"]), Job()];
        await Store.SubmitAsync(jobs, Token);
        foreach (NewJob job in jobs)
        {
            await SucceedAsync(worker, (await RunAsync(worker, job.Id)).Fence);
        }
        Assert.Equal(2, await CountAsync(Tenant, $"select count(*) from webhook_deliveries where url = 'https://example.org/hook' and event = 'job.succeeded' and attempts = 0 and job in ('{jobs[0].Id.Value}', '{jobs[2].Id.Value}')"));
        Assert.Equal(2, await CountAsync(Tenant, "select count(*) from webhook_deliveries"));
    }

    [Fact]
    public async Task The_settings_and_the_role_are_checked_at_start()
    {
        await using Database good = Open(database.Options);
        await new StartupCheck(good).AssertAsync(Token);
        StoreOptions unsafeOptions = database.Options;
        unsafeOptions.ConnectionString = database.AdminConnectionString;
        string role = new NpgsqlConnectionStringBuilder(unsafeOptions.ConnectionString).Username!;
        await PostgresDatabase.RunAsync(database.AdminConnectionString, $"alter role {role} in database {new NpgsqlConnectionStringBuilder(unsafeOptions.ConnectionString).Database} set synchronous_commit = off");
        await using Database weak = Open(unsafeOptions);
        StoreUnfitException refused = await Assert.ThrowsAsync<StoreUnfitException>(() => new StartupCheck(weak).AssertAsync(Token));
        Assert.Contains("synchronous_commit = off", refused.Message, StringComparison.Ordinal);
    }

    private static NewJob With(string[]? events)
    {
        NewJob job = Job();
        return job with { Request = job.Request with { Webhook = new WebhookRequest { Url = "https://example.org/hook", Events = events } } };
    }

    private static Database Open(StoreOptions options) => new(Microsoft.Extensions.Options.Options.Create(options), TimeProvider.System);

    private async Task<NewJob> FinishOneAsync()
    {
        Guid worker = await WorkerAsync();
        NewJob job = Twin() with { IdempotencyKey = "k", RequestHash = Hash("a") };
        await SubmitAsync(job);
        await SucceedAsync(worker, (await RunAsync(worker, job.Id)).Fence);
        return job;
    }

    private Task<long> CountAsync(string? tenant, string sql) => AsAsync(database.ServiceConnectionString, tenant, sql);

    /// <summary>What the statement counts, or how many rows it changed, in a transaction that serves this tenant.</summary>
    private static async Task<long> AsAsync(string connectionString, string? tenant, string sql)
    {
        await using NpgsqlConnection connection = new(connectionString);
        await connection.OpenAsync(Token);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(Token);
        if (tenant is not null)
        {
            await using NpgsqlCommand scope = new("select set_config('sluice.tenant', $1, true)", connection) { Parameters = { new() { Value = tenant } } };
            await scope.ExecuteScalarAsync(Token);
        }
        await using NpgsqlCommand command = new(sql, connection);
        if (sql.StartsWith("select", StringComparison.Ordinal))
            return (long)(await command.ExecuteScalarAsync(Token))!;
        int changed = await command.ExecuteNonQueryAsync(Token);
        await transaction.CommitAsync(Token);
        return changed;
    }
}
