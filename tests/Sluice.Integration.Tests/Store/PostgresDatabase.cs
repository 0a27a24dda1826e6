using Npgsql;
using Sluice.Migrations;
using Sluice.Store.Postgres;
using Xunit;

[assembly: AssemblyFixture(typeof(Sluice.Integration.Tests.Store.PostgresDatabase))]

namespace Sluice.Integration.Tests.Store;

/// <summary>A database of this run's own, migrated, dropped at the end. Needs the settings Store:ConnectionString and Store:AdminConnectionString in the environment.</summary>
public sealed class PostgresDatabase : IAsyncLifetime
{
    public const string Missing = "No Postgres: set SLUICE__STORE__CONNECTIONSTRING and SLUICE__STORE__ADMINCONNECTIONSTRING (ops/services.sh up prints them).";

    private const string Truncate = """
        truncate jobs, job_inputs, job_events, results, outbox, idempotency_keys, cache_entries, usage, workers, cost_models, api_keys, tenants, webhook_endpoints, webhook_deliveries, submissions, submission_lines, submission_tallies, schedules, schedule_firings,
            quartz.qrtz_job_details, quartz.qrtz_triggers, quartz.qrtz_cron_triggers, quartz.qrtz_fired_triggers, quartz.qrtz_scheduler_state
            cascade
        """;

    private readonly string? _service = Environment.GetEnvironmentVariable("SLUICE__STORE__CONNECTIONSTRING");
    private readonly string? _admin = Environment.GetEnvironmentVariable("SLUICE__STORE__ADMINCONNECTIONSTRING");
    private readonly string _name = $"sluice_test_{Guid.NewGuid():N}";
    private readonly int? _port;

    public PostgresDatabase()
    {
    }

    private PostgresDatabase(PostgresDatabase other, int port) => (_name, _port, Report) = (other._name, port, other.Report);

    /// <summary>As sluice_service, without pooling.</summary>
    public string ServiceConnectionString => _port is { } port
        ? new NpgsqlConnectionStringBuilder(In(_service!, _name)) { Host = "127.0.0.1", Port = port, SslMode = SslMode.Disable }.ConnectionString
        : In(_service!, _name);

    /// <summary>As the schema's owner.</summary>
    public string AdminConnectionString => In(_admin!, _name);

    /// <summary>Null where there is no Postgres.</summary>
    public MigrationReport? Report { get; private set; }

    public StoreOptions Options => new() { ConnectionString = ServiceConnectionString, CommandTimeout = TimeSpan.FromSeconds(10), DispatchTimeout = TimeSpan.FromSeconds(20) };

    public async ValueTask InitializeAsync()
    {
        if (_service is null || _admin is null)
            return;
        await RunAsync(_admin, $"create database {_name}");
        Report = await Migrator.ApplyAsync(AdminConnectionString, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (Report is not null)
            await DropAsync(_admin!, _name);
    }

    /// <summary>This database, to which the service goes by this local port, in the clear. It is the same one: to be emptied, never to be made or dropped.</summary>
    public PostgresDatabase Through(int port) => new(this, port);

    /// <summary>Skips the test where there is no Postgres, else empties the tables.</summary>
    public async Task EmptyAsync()
    {
        Assert.SkipWhen(Report is null, Missing);
        await RunAsync(AdminConnectionString, Truncate);
    }

    /// <summary>Drops a database, whoever is connected to it. A server process that cleans up in it is the server's own and may not be ended: it is waited for.</summary>
    public static async Task DropAsync(string connectionString, string database)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await RunAsync(connectionString, $"drop database {database} with (force)");
                return;
            }
            catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege && attempt < 300)
            {
                await Task.Delay(200);
            }
        }
    }

    public static async Task RunAsync(string connectionString, string sql)
    {
        await using NpgsqlConnection connection = new(In(connectionString, null));
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static string In(string connectionString, string? database)
    {
        NpgsqlConnectionStringBuilder builder = new(connectionString) { Pooling = false };
        builder.Database = database ?? builder.Database;
        return builder.ConnectionString;
    }
}
