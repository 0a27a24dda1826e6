using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Sluice.Migrations.Migrations
{
    /// <inheritdoc />
    public partial class Submissions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_submission_lines_job",
                table: "submission_lines");

            migrationBuilder.DropIndex(
                name: "ix_submission_lines_staged",
                table: "submission_lines");

            migrationBuilder.AlterColumn<Guid>(
                name: "job",
                table: "webhook_deliveries",
                type: "uuid",
                nullable: true,
                oldClrType: typeof(Guid),
                oldType: "uuid");

            migrationBuilder.AddColumn<Guid>(
                name: "submission",
                table: "webhook_deliveries",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "closed_at",
                table: "submissions",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "cursor",
                table: "submissions",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "defaults",
                table: "submissions",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "fed_to",
                table: "submissions",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<Guid>(
                name: "feeder",
                table: "submissions",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "feeder_until",
                table: "submissions",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "finish_by",
                table: "submissions",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "last_line",
                table: "submissions",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<byte[]>(
                name: "request_hash",
                table: "submissions",
                type: "bytea",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "settled",
                table: "submissions",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<short>(
                name: "source",
                table: "submissions",
                type: "smallint",
                nullable: false,
                defaultValue: (short)0);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "touched_at",
                table: "submissions",
                type: "timestamp with time zone",
                nullable: false,
                defaultValue: new DateTimeOffset(new DateTime(1, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)));

            migrationBuilder.DropColumn(
                name: "job",
                table: "submission_lines");

            migrationBuilder.DropColumn(
                name: "error",
                table: "submission_lines");

            migrationBuilder.DropColumn(
                name: "request",
                table: "submission_lines");

            migrationBuilder.AddColumn<Guid>(
                name: "id_hash",
                table: "submission_lines",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "errors",
                table: "submission_lines",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "request",
                table: "submission_lines",
                type: "bytea",
                nullable: true);

            migrationBuilder.AddColumn<Guid[]>(
                name: "jobs",
                table: "outbox",
                type: "uuid[]",
                nullable: true);

            migrationBuilder.AddColumn<short>(
                name: "shape",
                table: "job_inputs",
                type: "smallint",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "submission_tallies",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                    submission = table.Column<Guid>(type: "uuid", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    succeeded = table.Column<int>(type: "integer", nullable: false),
                    failed = table.Column<int>(type: "integer", nullable: false),
                    expired = table.Column<int>(type: "integer", nullable: false),
                    cancelled = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_submission_tallies", x => x.id);
                });

            migrationBuilder.AddCheckConstraint(
                name: "ck_webhook_deliveries_of",
                table: "webhook_deliveries",
                sql: "(job is null) <> (submission is null)");

            migrationBuilder.CreateIndex(
                name: "ix_submissions_open",
                table: "submissions",
                column: "feeder_until",
                filter: "not settled");

            migrationBuilder.CreateIndex(
                name: "ix_submission_lines_invalid",
                table: "submission_lines",
                columns: new[] { "submission", "number" },
                filter: "state = 1");

            migrationBuilder.CreateIndex(
                name: "ux_submission_lines_custom_id",
                table: "submission_lines",
                columns: new[] { "submission", "id_hash" },
                unique: true,
                filter: "id_hash is not null");

            migrationBuilder.CreateIndex(
                name: "ix_submission_tallies_submission",
                table: "submission_tallies",
                column: "submission");

            migrationBuilder.Sql(SubmissionRules.Tables);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(SubmissionRules.Undo);

            migrationBuilder.DropTable(
                name: "submission_tallies");

            migrationBuilder.DropCheckConstraint(
                name: "ck_webhook_deliveries_of",
                table: "webhook_deliveries");

            migrationBuilder.DropIndex(
                name: "ix_submissions_open",
                table: "submissions");

            migrationBuilder.DropIndex(
                name: "ix_submission_lines_invalid",
                table: "submission_lines");

            migrationBuilder.DropIndex(
                name: "ux_submission_lines_custom_id",
                table: "submission_lines");

            migrationBuilder.DropColumn(
                name: "submission",
                table: "webhook_deliveries");

            migrationBuilder.DropColumn(
                name: "closed_at",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "cursor",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "defaults",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "fed_to",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "feeder",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "feeder_until",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "finish_by",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "last_line",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "request_hash",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "settled",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "source",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "touched_at",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "jobs",
                table: "outbox");

            migrationBuilder.DropColumn(
                name: "shape",
                table: "job_inputs");

            migrationBuilder.AlterColumn<Guid>(
                name: "job",
                table: "webhook_deliveries",
                type: "uuid",
                nullable: false,
                defaultValue: new Guid("00000000-0000-0000-0000-000000000000"),
                oldClrType: typeof(Guid),
                oldType: "uuid",
                oldNullable: true);

            migrationBuilder.DropColumn(
                name: "id_hash",
                table: "submission_lines");

            migrationBuilder.DropColumn(
                name: "errors",
                table: "submission_lines");

            migrationBuilder.DropColumn(
                name: "request",
                table: "submission_lines");

            migrationBuilder.AddColumn<Guid>(
                name: "job",
                table: "submission_lines",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "error",
                table: "submission_lines",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "request",
                table: "submission_lines",
                type: "text",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_submission_lines_job",
                table: "submission_lines",
                column: "job",
                filter: "job is not null");

            migrationBuilder.CreateIndex(
                name: "ix_submission_lines_staged",
                table: "submission_lines",
                columns: new[] { "submission", "number" },
                filter: "state = 0");
        }
    }
}
