using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Sluice.Migrations.Migrations
{
    /// <inheritdoc />
    public partial class Quotes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // nothing has ever written to it
            migrationBuilder.Sql("delete from cost_models;");

            migrationBuilder.DropPrimaryKey(
                name: "pk_cost_models",
                table: "cost_models");

            migrationBuilder.DropIndex(
                name: "ix_cost_models_model",
                table: "cost_models");

            migrationBuilder.DropColumn(
                name: "id",
                table: "cost_models");

            migrationBuilder.RenameColumn(
                name: "samples",
                table: "cost_models",
                newName: "steps");

            migrationBuilder.RenameColumn(
                name: "device",
                table: "cost_models",
                newName: "backend");

            migrationBuilder.RenameColumn(
                name: "created_at",
                table: "cost_models",
                newName: "saved_at");

            migrationBuilder.RenameColumn(
                name: "coefficients",
                table: "cost_models",
                newName: "learned");

            migrationBuilder.AddColumn<double>(
                name: "error_p50",
                table: "cost_models",
                type: "double precision",
                nullable: false,
                defaultValue: 0.0);

            migrationBuilder.AddColumn<double>(
                name: "error_p95",
                table: "cost_models",
                type: "double precision",
                nullable: false,
                defaultValue: 0.0);

            migrationBuilder.AddPrimaryKey(
                name: "pk_cost_models",
                table: "cost_models",
                columns: new[] { "model", "revision", "backend" });

            migrationBuilder.AddColumn<string>(
                name: "load",
                table: "workers",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "model",
                table: "submissions",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "fed_prompt_tokens",
                table: "submissions",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<long>(
                name: "fed_new_tokens",
                table: "submissions",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "eta",
                table: "jobs",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "will_meet",
                table: "jobs",
                type: "boolean",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "will_meet",
                table: "jobs");

            migrationBuilder.DropColumn(
                name: "eta",
                table: "jobs");

            migrationBuilder.DropColumn(
                name: "fed_new_tokens",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "fed_prompt_tokens",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "model",
                table: "submissions");

            migrationBuilder.DropColumn(
                name: "load",
                table: "workers");

            migrationBuilder.Sql("delete from cost_models;");

            migrationBuilder.DropPrimaryKey(
                name: "pk_cost_models",
                table: "cost_models");

            migrationBuilder.DropColumn(
                name: "error_p95",
                table: "cost_models");

            migrationBuilder.DropColumn(
                name: "error_p50",
                table: "cost_models");

            migrationBuilder.RenameColumn(
                name: "learned",
                table: "cost_models",
                newName: "coefficients");

            migrationBuilder.RenameColumn(
                name: "saved_at",
                table: "cost_models",
                newName: "created_at");

            migrationBuilder.RenameColumn(
                name: "backend",
                table: "cost_models",
                newName: "device");

            migrationBuilder.RenameColumn(
                name: "steps",
                table: "cost_models",
                newName: "samples");

            migrationBuilder.AddColumn<long>(
                name: "id",
                table: "cost_models",
                type: "bigint",
                nullable: false)
                .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn);

            migrationBuilder.AddPrimaryKey(
                name: "pk_cost_models",
                table: "cost_models",
                column: "id");

            migrationBuilder.CreateIndex(
                name: "ix_cost_models_model",
                table: "cost_models",
                columns: new[] { "model", "revision", "device", "created_at" });
        }
    }
}
