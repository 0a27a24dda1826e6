using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Sluice.Migrations.Migrations
{
    /// <inheritdoc />
    public partial class SemanticCache : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_cache_entries_fingerprint",
                table: "cache_entries");

            migrationBuilder.AddColumn<byte[]>(
                name: "guard",
                table: "job_inputs",
                type: "bytea",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "guard",
                table: "cache_entries",
                type: "bytea",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_cache_entries_meaning",
                table: "cache_entries",
                columns: new[] { "tenant", "namespace", "fingerprint", "embedder_id", "guard" });

            migrationBuilder.Sql(SemanticRules.IndexScope);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(SemanticRules.Undo);

            migrationBuilder.DropIndex(
                name: "ix_cache_entries_meaning",
                table: "cache_entries");

            migrationBuilder.DropColumn(
                name: "guard",
                table: "job_inputs");

            migrationBuilder.DropColumn(
                name: "guard",
                table: "cache_entries");

            migrationBuilder.CreateIndex(
                name: "ix_cache_entries_fingerprint",
                table: "cache_entries",
                columns: new[] { "tenant", "namespace", "fingerprint" });
        }
    }
}
