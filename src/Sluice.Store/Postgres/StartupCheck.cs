using Microsoft.Extensions.Hosting;
using Npgsql;
using Sluice.Store.Schema;

namespace Sluice.Store.Postgres;

/// <summary>Refuses to serve on a database that does not keep its promises: durable settings, a role that row-level security binds, a schema that is up to date.</summary>
internal sealed class StartupCheck(Database database) : IHostedLifecycleService
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private static readonly string[] s_durable = ["fsync", "synchronous_commit", "full_page_writes"];

    private const string Settings = "select name, setting from pg_settings where name = any($1)";
    private const string Role = "select rolname, rolsuper, rolbypassrls from pg_roles where rolname = current_user";
    private const string HasHistory = $"select to_regclass('{SluiceDbContext.HistoryTable}') is not null";
    private const string Applied = $"""select exists (select from {SluiceDbContext.HistoryTable} where "MigrationId" = $1)""";

    public Task StartingAsync(CancellationToken cancellationToken) => AssertAsync(cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Throws <see cref="StoreUnfitException"/> naming the setting and its value, or <see cref="StoreUnavailableException"/>.</summary>
    public async Task AssertAsync(CancellationToken cancellationToken)
    {
        if (await database.RunAsync(s_limit, FindFaultAsync, cancellationToken) is { } fault)
            throw new StoreUnfitException(fault);
    }

    private static async Task<string?> FindFaultAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        bool hasHistory;
        await using (Rows rows = await new Commands(connection).Add(Role).Add(Settings, (object)s_durable).Add(HasHistory).ReadAsync(cancellationToken))
        {
            (string name, bool super, bool bypasses) = (await rows.ListAsync(r => (r.GetString(0), r.GetBoolean(1), r.GetBoolean(2)), cancellationToken))[0];
            if (super || bypasses)
                return $"Store:ConnectionString connects as '{name}', which is {(super ? "a superuser" : "exempt from row-level security (bypassrls)")}: tenants would see each other's rows. Connect as sluice_service.";
            await rows.NextAsync(cancellationToken);
            foreach ((string setting, string value) in await rows.ListAsync(r => (r.GetString(0), r.GetString(1)), cancellationToken))
            {
                if (value == "off")
                    return $"Postgres runs with {setting} = {value}: what was accepted could be lost. Set it to on.";
            }
            await rows.NextAsync(cancellationToken);
            hasHistory = (await rows.ListAsync(r => r.GetBoolean(0), cancellationToken))[0];
        }
        if (hasHistory)
        {
            await using Rows rows = await new Commands(connection).Add(Applied, SchemaVersion.Latest).ReadAsync(cancellationToken);
            if ((await rows.ListAsync(r => r.GetBoolean(0), cancellationToken))[0])
                return null;
        }
        return $"The database lacks the migration '{SchemaVersion.Latest}'. Run `sluice migrate`.";
    }
}
