using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Sluice.Migrations.Migrations
{
    /// <inheritdoc />
    public partial class Schedules : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "cursor",
                table: "schedules");

            migrationBuilder.RenameColumn(
                name: "template",
                table: "schedules",
                newName: "request");

            migrationBuilder.RenameColumn(
                name: "enabled",
                table: "schedules",
                newName: "paused");

            migrationBuilder.AddColumn<bool>(
                name: "purged",
                table: "submissions",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "effective_from",
                table: "schedules",
                type: "timestamp with time zone",
                nullable: false,
                defaultValue: new DateTimeOffset(new DateTime(1, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)));

            migrationBuilder.AddColumn<TimeSpan>(
                name: "finish_within",
                table: "schedules",
                type: "interval",
                nullable: true);

            migrationBuilder.AddColumn<short>(
                name: "misfire",
                table: "schedules",
                type: "smallint",
                nullable: false,
                defaultValue: (short)0);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "updated_at",
                table: "schedules",
                type: "timestamp with time zone",
                nullable: false,
                defaultValue: new DateTimeOffset(new DateTime(1, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)));

            migrationBuilder.AddColumn<int>(
                name: "version",
                table: "schedules",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateTable(
                name: "schedule_firings",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    schedule = table.Column<Guid>(type: "uuid", nullable: false),
                    fire_time = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    manual = table.Column<bool>(type: "boolean", nullable: false),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    deadline = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    name = table.Column<string>(type: "text", nullable: false),
                    source = table.Column<string>(type: "text", nullable: false),
                    request = table.Column<string>(type: "text", nullable: false),
                    sink = table.Column<string>(type: "text", nullable: false),
                    previous_fire_time = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    rows = table.Column<long>(type: "bigint", nullable: false),
                    delivered = table.Column<long>(type: "bigint", nullable: false),
                    sink_cursor = table.Column<string>(type: "text", nullable: true),
                    claims = table.Column<int>(type: "integer", nullable: false),
                    lease_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    error_code = table.Column<string>(type: "text", nullable: true),
                    error_message = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    staged_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    answered_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    finished_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_schedule_firings", x => x.id);
                });

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_expires",
                table: "webhook_deliveries",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_submissions_expires",
                table: "submissions",
                column: "expires_at",
                filter: "not purged");

            migrationBuilder.CreateIndex(
                name: "ix_job_inputs_expires",
                table: "job_inputs",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_idempotency_keys_expires",
                table: "idempotency_keys",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_schedule_firings_open",
                table: "schedule_firings",
                column: "created_at",
                filter: "state < 5");

            migrationBuilder.CreateIndex(
                name: "ux_schedule_firings_time",
                table: "schedule_firings",
                columns: new[] { "schedule", "fire_time" },
                unique: true);

            migrationBuilder.Sql(ScheduleRules.Firings);
            migrationBuilder.Sql(QuartzTables.Create());
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(QuartzTables.Undo);

            migrationBuilder.DropTable(
                name: "schedule_firings");

            migrationBuilder.DropIndex(
                name: "ix_webhook_deliveries_expires",
                table: "webhook_deliveries");

            migrationBuilder.DropIndex(
                name: "ix_submissions_expires",
                table: "submissions");

            migrationBuilder.DropIndex(
                name: "ix_job_inputs_expires",
                table: "job_inputs");

            migrationBuilder.DropIndex(
                name: "ix_idempotency_keys_expires",
                table: "idempotency_keys");

            migrationBuilder.DropColumn(
                name: "purged",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "effective_from",
                table: "schedules");

            migrationBuilder.DropColumn(
                name: "finish_within",
                table: "schedules");

            migrationBuilder.DropColumn(
                name: "misfire",
                table: "schedules");

            migrationBuilder.DropColumn(
                name: "updated_at",
                table: "schedules");

            migrationBuilder.DropColumn(
                name: "version",
                table: "schedules");

            migrationBuilder.RenameColumn(
                name: "request",
                table: "schedules",
                newName: "template");

            migrationBuilder.RenameColumn(
                name: "paused",
                table: "schedules",
                newName: "enabled");

            migrationBuilder.AddColumn<string>(
                name: "cursor",
                table: "schedules",
                type: "text",
                nullable: true);
        }
    }
}
