using Microsoft.EntityFrameworkCore;
using Npgsql;
using Sluice.Store.Schema;

namespace Sluice.Migrations;

/// <summary>Brings a database to the schema that this program knows.</summary>
public static class Migrator
{
    /// <summary>A statement that waits for a table keeps all others from it that come after: it lets them by after this time, and comes again.</summary>
    private const string LockTimeout = "-c lock_timeout=1000"; // milliseconds

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    /// <summary>Ids of all migrations, oldest first.</summary>
    public static IReadOnlyList<string> Known
    {
        get
        {
            using SluiceDbContext context = DesignTime.Open("Host=localhost");
            return [.. context.Database.GetMigrations()];
        }
    }

    /// <summary>
    /// Applies what is pending, under EF's lock, so that several may start at once, and beside a running service: each migration is a transaction, which is tried again where
    /// it came not by its locks, or met those of others crosswise, for ten minutes at most. Connect as the owner of the schema, never as <c>sluice_service</c>.
    /// Throws Npgsql's exceptions where the database cannot be reached or refuses.
    /// </summary>
    public static async Task<MigrationReport> ApplyAsync(string connectionString, CancellationToken cancellationToken)
    {
        NpgsqlConnectionStringBuilder connection = new(connectionString);
        connection.Options = $"{connection.Options} {LockTimeout}".Trim();
        await using SluiceDbContext context = DesignTime.Open(connection.ConnectionString);
        string[] before = [.. await context.Database.GetAppliedMigrationsAsync(cancellationToken)];
        await MigrateAsync(context, cancellationToken);
        string[] after = [.. await context.Database.GetAppliedMigrationsAsync(cancellationToken)];
        return new MigrationReport([.. after.Except(before)], after[^1]);
    }

    /// <summary>EF wraps what it takes to be transient.</summary>
    private static bool IsCrossed(Exception e) => e.GetBaseException() is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected };

    private static async Task MigrateAsync(SluiceDbContext context, CancellationToken cancellationToken)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await context.Database.MigrateAsync(cancellationToken);
                return;
            }
            catch (Exception e) when (IsCrossed(e) && TimeProvider.System.GetElapsedTime(start) < s_patience)
            {
                await Task.Delay(s_pause, cancellationToken);
            }
        }
    }
}

/// <summary>What was applied, oldest first (empty: nothing was pending), and where the schema stands now.</summary>
public sealed record MigrationReport(IReadOnlyList<string> Applied, string Current);
