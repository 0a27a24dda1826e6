using Microsoft.EntityFrameworkCore;
using Sluice.Store.Schema;

namespace Sluice.Migrations;

/// <summary>Brings a database to the schema that this program knows.</summary>
public static class Migrator
{
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
    /// Applies what is pending, under EF's lock, so that several may start at once. Connect as the owner of the schema, never as <c>sluice_service</c>.
    /// Throws Npgsql's exceptions where the database cannot be reached or refuses.
    /// </summary>
    public static async Task<MigrationReport> ApplyAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using SluiceDbContext context = DesignTime.Open(connectionString);
        string[] before = [.. await context.Database.GetAppliedMigrationsAsync(cancellationToken)];
        await context.Database.MigrateAsync(cancellationToken);
        string[] after = [.. await context.Database.GetAppliedMigrationsAsync(cancellationToken)];
        return new MigrationReport([.. after.Except(before)], after[^1]);
    }
}

/// <summary>What was applied, oldest first (empty: nothing was pending), and where the schema stands now.</summary>
public sealed record MigrationReport(IReadOnlyList<string> Applied, string Current);
