using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Sluice.Store.Schema;
using Sluice.Store.Vectors;

namespace Sluice.Migrations;

/// <summary>Gives `dotnet ef` the model; it never connects.</summary>
internal sealed class DesignTime : IDesignTimeDbContextFactory<SluiceDbContext>
{
    public SluiceDbContext CreateDbContext(string[] args) => Open("Host=localhost");

    internal static SluiceDbContext Open(string connectionString) => new(new DbContextOptionsBuilder<SluiceDbContext>()
        .UseNpgsql(connectionString, npgsql => npgsql
            .UseVector()
            .MigrationsAssembly(typeof(DesignTime).Assembly)
            .MigrationsHistoryTable(SluiceDbContext.HistoryTable)
            .CommandTimeout(600))
        .Options);
}
