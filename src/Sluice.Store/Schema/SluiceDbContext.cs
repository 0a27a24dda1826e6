using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Sluice.Jobs;

namespace Sluice.Store.Schema;

/// <summary>The schema, for migrations. What the service runs is SQL, in Postgres/.</summary>
internal sealed class SluiceDbContext(DbContextOptions<SluiceDbContext> options) : DbContext(options)
{
    /// <summary>Where EF notes which migrations were applied.</summary>
    public const string HistoryTable = "schema_migrations";

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<JobKind>().HaveConversion<short>();
        configurationBuilder.Properties<JobClass>().HaveConversion<short>();
        configurationBuilder.Properties<JobState>().HaveConversion<short>();
        configurationBuilder.Properties<OnLate>().HaveConversion<short>();
        configurationBuilder.Properties<CacheMode>().HaveConversion<short>();
        configurationBuilder.Properties<AnswerSource>().HaveConversion<short>();
        configurationBuilder.Properties<OutboxKind>().HaveConversion<short>();
        configurationBuilder.Properties<SubmissionState>().HaveConversion<short>();
        configurationBuilder.Properties<SubmissionSource>().HaveConversion<short>();
        configurationBuilder.Properties<LineState>().HaveConversion<short>();
        configurationBuilder.Properties<OverlapPolicy>().HaveConversion<short>();
        configurationBuilder.Properties<MisfirePolicy>().HaveConversion<short>();
        configurationBuilder.Properties<FiringState>().HaveConversion<short>();
        configurationBuilder.Properties<DeliveryState>().HaveConversion<short>();
        configurationBuilder.Properties<KeyScopes>().HaveConversion<short>();
        configurationBuilder.Properties<float[]>().HaveColumnType("vector");
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasPostgresExtension("vector");
        JobTables.Configure(modelBuilder);
        OtherTables.Configure(modelBuilder);
        foreach (IMutableProperty property in modelBuilder.Model.GetEntityTypes().SelectMany(e => e.GetProperties()))
        {
            property.SetColumnName(SnakeCase(property.Name));
        }
    }

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i == 0 ? "" : "_") + char.ToLowerInvariant(c) : c.ToString()));
}
