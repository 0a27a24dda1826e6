using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Options;
using Npgsql;
using Sluice.Integration.Tests.Inference;
using Sluice.Jobs;
using Sluice.Migrations;
using Sluice.Store;
using Sluice.Store.Postgres;
using Sluice.Store.Schema;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Store;

/// <summary>A program and a schema of different ages: expand, then contract.</summary>
[Collection(PostgresTests.Name)]
public sealed class UpgradeTests(PostgresDatabase database) : RealRigs(database)
{
    private const string NextMigration = "99990101000001_Next";

    private const string Waiting = """
        set sluice.tenant = '*';
        insert into jobs (id, tenant, namespace, kind, class, run_class, state, on_late, cache_mode, model, model_revision, prompt_tokens, max_new_tokens, prefix_key,
            claims, failures, suspicions, seq, has_webhook, created_at, expires_at, ticketed_at)
        select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'acme', 'default', 0, 1, 1, 0, 0, 0, 'tiny', 'r1', 5, 16, 7, 0, 0, 0, 1, false, now(), now() + interval '1 day', now()
        from generate_series(1, 50) n;
        insert into job_inputs (job, tenant, request, cache_ttl, expires_at) select id, tenant, '{"model":"tiny","prompt":"old"}', interval '1 day', expires_at from jobs;
        insert into job_events (job_id, seq, tenant, at, state, claims) select id, 1, tenant, now(), 0, 0 from jobs;
        """;

    /// <summary>What a later version may add while this one runs.</summary>
    private const string Expand = """
        alter table jobs add column next_note text;
        alter table results add column next_score double precision not null default 0;
        alter table outbox add column next_route text;
        alter table cache_entries add column next_note text;
        alter table workers add column next_zone text not null default 'a';
        create table next_things (id uuid primary key);
        create index ix_next_note on jobs (next_note) where next_note is not null;
        """;

    private const string Contract = """
        drop table if exists next_things;
        alter table jobs drop column if exists next_note;
        alter table results drop column if exists next_score;
        alter table outbox drop column if exists next_route;
        alter table cache_entries drop column if exists next_note;
        alter table workers drop column if exists next_zone;
        """;

    public static TheoryData<string> Former => [.. Migrator.Known.SkipLast(1)];

    [Theory]
    [MemberData(nameof(Former))]
    public async Task A_program_refuses_a_schema_that_is_older_than_its_own_and_runs_what_waited_there_once_it_is_migrated(string migration)
    {
        string name = $"sluice_old_{Guid.NewGuid():N}";
        await PostgresDatabase.RunAsync(Database.AdminConnectionString, $"create database {name}");
        try
        {
            string admin = In(Database.AdminConnectionString, name);
            await using (SluiceDbContext context = DesignTime.Open(admin))
            {
                await context.GetService<IMigrator>().MigrateAsync(migration, TestContext.Current.CancellationToken);
            }
            await PostgresDatabase.RunAsync(admin, Waiting);
            await using Sluice.Store.Postgres.Database connections = new(Options.Create(new StoreOptions { ConnectionString = In(Database.ServiceConnectionString, name), CommandTimeout = TimeSpan.FromSeconds(10) }), TimeProvider.System);
            StoreUnfitException refused = await Assert.ThrowsAsync<StoreUnfitException>(() => new StartupCheck(connections).AssertAsync(CancellationToken.None));
            Assert.Contains($"lacks the migration '{SchemaVersion.Latest}'. Run `sluice migrate`", refused.Message, StringComparison.Ordinal);

            MigrationReport report = await Migrator.ApplyAsync(admin, CancellationToken.None);
            Assert.Equal(Migrator.Known.SkipWhile(known => known != migration).Skip(1), report.Applied);
            await new StartupCheck(connections).AssertAsync(CancellationToken.None);
            PostgresJobStore store = new(connections, TimeProvider.System);
            Guid worker = Guid.NewGuid();
            await store.RegisterWorkerAsync(new WorkerRegistration(worker, "w", ["tiny"]), CancellationToken.None);
            JobId[] ids = [.. (await store.ListAsync("acme", new JobQuery(), CancellationToken.None)).Select(job => job.Id)];
            Assert.Equal(50, ids.Length);
            await store.ReserveAsync(worker, ids, CancellationToken.None);
            JobOutcome[] outcomes = [.. (await store.ClaimAsync(worker, ids, CancellationToken.None)).Select(job => new JobOutcome { Fence = job.Fence, State = JobState.Succeeded, Result = Answer(job.Request.Prompt!) })];
            Assert.Equal(50, (await store.FinishAsync(worker, outcomes, CancellationToken.None)).Count(written => written));
            Assert.All(await store.ListAsync("acme", new JobQuery(), CancellationToken.None), job => Assert.Equal((JobState.Succeeded, "old"), (job.State, job.Result!.Outputs[0].Text)));
        }
        finally
        {
            await PostgresDatabase.DropAsync(Database.AdminConnectionString, name);
        }
    }

    /// <summary>The migration of quotes alters workers, submissions and jobs in one transaction.</summary>
    [Fact]
    public async Task A_migration_that_waits_for_a_table_lets_the_service_by_and_is_made_when_it_can()
    {
        string name = $"sluice_old_{Guid.NewGuid():N}";
        await PostgresDatabase.RunAsync(Database.AdminConnectionString, $"create database {name}");
        try
        {
            string admin = In(Database.AdminConnectionString, name);
            await using (SluiceDbContext context = DesignTime.Open(admin))
            {
                await context.GetService<IMigrator>().MigrateAsync("20261120000004_Schedules", TestContext.Current.CancellationToken);
            }
            await using NpgsqlConnection reader = new(admin), writer = new(admin);
            await reader.OpenAsync(TestContext.Current.CancellationToken);
            await writer.OpenAsync(TestContext.Current.CancellationToken);
            await using NpgsqlTransaction held = await reader.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await RunAsync(reader, "select from jobs");
            Task<MigrationReport> migration = Task.Run(() => Migrator.ApplyAsync(admin, CancellationToken.None));
            await WaitsForAsync(writer, "jobs");
            await RunAsync(writer, "set statement_timeout = 30000; delete from jobs"); // behind the migration, which is behind the reader
            await RunAsync(reader, "select from workers"); // which the migration holds when it waits for jobs: crosswise
            Assert.False(migration.IsCompleted);
            await held.CommitAsync(TestContext.Current.CancellationToken);
            MigrationReport report = await migration.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            Assert.Equal(SchemaVersion.Latest, report.Current);
        }
        finally
        {
            await PostgresDatabase.DropAsync(Database.AdminConnectionString, name);
        }
    }

    [Fact]
    public async Task A_worker_process_on_an_older_schema_says_so_in_a_line_and_ends()
    {
        string name = $"sluice_old_{Guid.NewGuid():N}";
        await PostgresDatabase.RunAsync(Database.AdminConnectionString, $"create database {name}");
        try
        {
            await using (SluiceDbContext context = DesignTime.Open(In(Database.AdminConnectionString, name)))
            {
                await context.GetService<IMigrator>().MigrateAsync(Migrator.Known[^2], TestContext.Current.CancellationToken);
            }
            await using ChildService worker = new(Settings("old", ("Store:ConnectionString", In(Database.ServiceConnectionString, name))));
            await worker.EndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
            Assert.Contains(worker.Lines, line => line.Contains(SchemaVersion.Latest, StringComparison.Ordinal) && line.Contains("sluice migrate", StringComparison.Ordinal));
        }
        finally
        {
            await PostgresDatabase.DropAsync(Database.AdminConnectionString, name);
        }
    }

    [Fact]
    public async Task A_schema_that_grows_under_running_workers_loses_and_doubles_nothing_and_older_programs_may_start_on_it()
    {
        WorkerRig first = await StartAsync("w1");
        JobId[] before = await first.SubmitManyAsync(150, i => Prompt($"before {i}"));
        Task<JobId[]> during = first.SubmitManyAsync(150, i => Prompt($"during {i}"));
        await PostgresDatabase.RunAsync(Database.AdminConnectionString, $"insert into schema_migrations values ('{NextMigration}', '10.0.0')");
        try
        {
            // one by one: several locks taken in one transaction and those of the running service could wait for each other
            foreach (string change in Expand.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                await PostgresDatabase.RunAsync(Database.AdminConnectionString, change);
            }
            WorkerRig second = await StartAsync("w2");
            JobId[] after = await second.SubmitManyAsync(150, i => Prompt($"after {i}"));
            JobId[] all = [.. before, .. await during, .. after];
            JobRecord[] ended = await first.EndAllAsync(all);
            Assert.All(ended, job => Assert.Equal((JobState.Succeeded, 1, 0), (job.State, job.Claims, job.Failures)));
            Assert.Equal(all.Length, await CountAsync("select count(*) from results"));
            Assert.Equal(all.Length, await CountAsync("select count(*) from job_events where state = 2"));

            MigrationReport report = await Migrator.ApplyAsync(Database.AdminConnectionString, CancellationToken.None);
            Assert.Equal((0, NextMigration), (report.Applied.Count, report.Current));
        }
        finally
        {
            foreach (string change in $"{Contract} delete from schema_migrations where \"MigrationId\" = '{NextMigration}'".Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                await PostgresDatabase.RunAsync(Database.AdminConnectionString, change);
            }
        }
    }

    private static async Task WaitsForAsync(NpgsqlConnection connection, string table)
    {
        await using NpgsqlCommand waits = new($"select count(*) from pg_locks where relation = '{table}'::regclass and not granted", connection);
        for (int look = 0; await waits.ExecuteScalarAsync(TestContext.Current.CancellationToken) is not > 0L; look++)
        {
            Assert.InRange(look, 0, 6000);
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static string In(string connectionString, string name) => new NpgsqlConnectionStringBuilder(connectionString) { Database = name }.ConnectionString;

    private static JobResult Answer(string text) => new()
    {
        Outputs = [new JobOutput { Text = text, FinishReason = "stop", Tokens = 1 }],
        Usage = new JobUsage { PromptTokens = 5, GeneratedTokens = 1 },
        Source = AnswerSource.Engine,
    };
}
