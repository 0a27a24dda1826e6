using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Sluice.Migrations.Migrations
{
    /// <inheritdoc />
    public partial class PrefixShards : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "shards",
                table: "workers",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "prefix_chain",
                table: "job_inputs",
                type: "bytea",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "shards",
                table: "workers");

            migrationBuilder.DropColumn(
                name: "prefix_chain",
                table: "job_inputs");
        }
    }
}
