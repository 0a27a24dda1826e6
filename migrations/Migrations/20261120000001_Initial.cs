using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Sluice.Migrations.Migrations
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AlterDatabase()
                .Annotation("Npgsql:PostgresExtension:vector", ",,");

            migrationBuilder.CreateTable(
                name: "cache_entries",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    @namespace = table.Column<string>(name: "namespace", type: "text", nullable: false),
                    exact_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    fingerprint = table.Column<byte[]>(type: "bytea", nullable: true),
                    model = table.Column<string>(type: "text", nullable: false),
                    model_revision = table.Column<string>(type: "text", nullable: false),
                    adapter = table.Column<string>(type: "text", nullable: true),
                    source_job = table.Column<Guid>(type: "uuid", nullable: false),
                    outputs = table.Column<string>(type: "text", nullable: false),
                    prompt_tokens = table.Column<int>(type: "integer", nullable: false),
                    cached_tokens = table.Column<int>(type: "integer", nullable: false),
                    generated_tokens = table.Column<int>(type: "integer", nullable: false),
                    drafted_tokens = table.Column<int>(type: "integer", nullable: false),
                    accepted_tokens = table.Column<int>(type: "integer", nullable: false),
                    embedding = table.Column<float[]>(type: "vector", nullable: true),
                    dim = table.Column<int>(type: "integer", nullable: true),
                    embedder_id = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_cache_entries", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "cost_models",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                    model = table.Column<string>(type: "text", nullable: false),
                    revision = table.Column<string>(type: "text", nullable: false),
                    device = table.Column<string>(type: "text", nullable: false),
                    coefficients = table.Column<string>(type: "text", nullable: false),
                    samples = table.Column<long>(type: "bigint", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_cost_models", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "idempotency_keys",
                columns: table => new
                {
                    tenant = table.Column<string>(type: "text", nullable: false),
                    key = table.Column<string>(type: "text", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    job = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_idempotency_keys", x => new { x.tenant, x.key });
                });

            migrationBuilder.CreateTable(
                name: "job_events",
                columns: table => new
                {
                    job_id = table.Column<Guid>(type: "uuid", nullable: false),
                    seq = table.Column<int>(type: "integer", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    reason = table.Column<string>(type: "text", nullable: true),
                    worker = table.Column<Guid>(type: "uuid", nullable: true),
                    batch = table.Column<Guid>(type: "uuid", nullable: true),
                    claims = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_job_events", x => new { x.job_id, x.seq });
                });

            migrationBuilder.CreateTable(
                name: "job_inputs",
                columns: table => new
                {
                    job = table.Column<Guid>(type: "uuid", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    request = table.Column<string>(type: "text", nullable: false),
                    metadata = table.Column<string>(type: "text", nullable: true),
                    cache_ttl = table.Column<TimeSpan>(type: "interval", nullable: false),
                    webhook_url = table.Column<string>(type: "text", nullable: true),
                    webhook_events = table.Column<string>(type: "text", nullable: true),
                    embedding = table.Column<float[]>(type: "vector", nullable: true),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_job_inputs", x => x.job);
                });

            migrationBuilder.CreateTable(
                name: "jobs",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    @namespace = table.Column<string>(name: "namespace", type: "text", nullable: false),
                    kind = table.Column<short>(type: "smallint", nullable: false),
                    @class = table.Column<short>(name: "class", type: "smallint", nullable: false),
                    run_class = table.Column<short>(type: "smallint", nullable: false),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    live = table.Column<bool>(type: "boolean", nullable: false, computedColumnSql: "state < 2", stored: true),
                    on_late = table.Column<short>(type: "smallint", nullable: false),
                    cache_mode = table.Column<short>(type: "smallint", nullable: false),
                    model = table.Column<string>(type: "text", nullable: false),
                    model_revision = table.Column<string>(type: "text", nullable: false),
                    adapter = table.Column<string>(type: "text", nullable: true),
                    prompt_tokens = table.Column<int>(type: "integer", nullable: false),
                    max_new_tokens = table.Column<int>(type: "integer", nullable: false),
                    prefix_key = table.Column<long>(type: "bigint", nullable: false),
                    claims = table.Column<int>(type: "integer", nullable: false),
                    failures = table.Column<int>(type: "integer", nullable: false),
                    suspicions = table.Column<int>(type: "integer", nullable: false),
                    seq = table.Column<int>(type: "integer", nullable: false),
                    held_by = table.Column<Guid>(type: "uuid", nullable: true),
                    batch = table.Column<Guid>(type: "uuid", nullable: true),
                    waits_for = table.Column<Guid>(type: "uuid", nullable: true),
                    retry_of = table.Column<Guid>(type: "uuid", nullable: true),
                    submission = table.Column<Guid>(type: "uuid", nullable: true),
                    custom_id = table.Column<string>(type: "text", nullable: true),
                    idempotency_key = table.Column<string>(type: "text", nullable: true),
                    exact_key = table.Column<byte[]>(type: "bytea", nullable: true),
                    fingerprint = table.Column<byte[]>(type: "bytea", nullable: true),
                    embedder_id = table.Column<string>(type: "text", nullable: true),
                    has_webhook = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    deadline = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    run_by = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    ticketed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    finished_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    error_code = table.Column<string>(type: "text", nullable: true),
                    error_message = table.Column<string>(type: "text", nullable: true),
                    trace_parent = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_jobs", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "models",
                columns: table => new
                {
                    name = table.Column<string>(type: "text", nullable: false),
                    revision = table.Column<string>(type: "text", nullable: false),
                    config = table.Column<string>(type: "text", nullable: true),
                    first_seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_models", x => new { x.name, x.revision });
                });

            migrationBuilder.CreateTable(
                name: "outbox",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                    kind = table.Column<short>(type: "smallint", nullable: false),
                    job = table.Column<Guid>(type: "uuid", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    model = table.Column<string>(type: "text", nullable: false),
                    @class = table.Column<short>(name: "class", type: "smallint", nullable: false),
                    prefix_key = table.Column<long>(type: "bigint", nullable: false),
                    deadline = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    state = table.Column<short>(type: "smallint", nullable: true),
                    error_code = table.Column<string>(type: "text", nullable: true),
                    custom_id = table.Column<string>(type: "text", nullable: true),
                    idempotency_key = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    trace_parent = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_outbox", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "results",
                columns: table => new
                {
                    job = table.Column<Guid>(type: "uuid", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    source = table.Column<short>(type: "smallint", nullable: false),
                    outputs = table.Column<string>(type: "text", nullable: false),
                    prompt_tokens = table.Column<int>(type: "integer", nullable: false),
                    cached_tokens = table.Column<int>(type: "integer", nullable: false),
                    generated_tokens = table.Column<int>(type: "integer", nullable: false),
                    drafted_tokens = table.Column<int>(type: "integer", nullable: false),
                    accepted_tokens = table.Column<int>(type: "integer", nullable: false),
                    cache_tier = table.Column<string>(type: "text", nullable: true),
                    cache_entry = table.Column<Guid>(type: "uuid", nullable: true),
                    similarity = table.Column<double>(type: "double precision", nullable: true),
                    embedding = table.Column<float[]>(type: "vector", nullable: true),
                    dim = table.Column<int>(type: "integer", nullable: true),
                    embedder_id = table.Column<string>(type: "text", nullable: true),
                    model_revision = table.Column<string>(type: "text", nullable: false),
                    claims = table.Column<int>(type: "integer", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_results", x => x.job);
                });

            migrationBuilder.CreateTable(
                name: "schedules",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    cron = table.Column<string>(type: "text", nullable: false),
                    time_zone = table.Column<string>(type: "text", nullable: false),
                    source = table.Column<string>(type: "text", nullable: false),
                    template = table.Column<string>(type: "text", nullable: false),
                    sink = table.Column<string>(type: "text", nullable: false),
                    finish_by = table.Column<TimeOnly>(type: "time without time zone", nullable: true),
                    overlap = table.Column<short>(type: "smallint", nullable: false),
                    enabled = table.Column<bool>(type: "boolean", nullable: false),
                    cursor = table.Column<string>(type: "text", nullable: true),
                    last_fire_time = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_schedules", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "submission_lines",
                columns: table => new
                {
                    submission = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    custom_id = table.Column<string>(type: "text", nullable: true),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    job = table.Column<Guid>(type: "uuid", nullable: true),
                    request = table.Column<string>(type: "text", nullable: true),
                    error = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_submission_lines", x => new { x.submission, x.number });
                });

            migrationBuilder.CreateTable(
                name: "submissions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    name = table.Column<string>(type: "text", nullable: true),
                    idempotency_key = table.Column<string>(type: "text", nullable: true),
                    schedule = table.Column<Guid>(type: "uuid", nullable: true),
                    fire_time = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    upload_incomplete = table.Column<bool>(type: "boolean", nullable: false),
                    cancel_incomplete = table.Column<bool>(type: "boolean", nullable: false),
                    lines = table.Column<int>(type: "integer", nullable: false),
                    invalid = table.Column<int>(type: "integer", nullable: false),
                    fed = table.Column<int>(type: "integer", nullable: false),
                    succeeded = table.Column<int>(type: "integer", nullable: false),
                    failed = table.Column<int>(type: "integer", nullable: false),
                    expired = table.Column<int>(type: "integer", nullable: false),
                    cancelled = table.Column<int>(type: "integer", nullable: false),
                    metadata = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    finished_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_submissions", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "tenants",
                columns: table => new
                {
                    name = table.Column<string>(type: "text", nullable: false),
                    max_queued = table.Column<int>(type: "integer", nullable: true),
                    max_queued_tokens = table.Column<long>(type: "bigint", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_tenants", x => x.name);
                    table.CheckConstraint("ck_tenants_name", "name <> '' and name <> '*'");
                });

            migrationBuilder.CreateTable(
                name: "usage",
                columns: table => new
                {
                    job = table.Column<Guid>(type: "uuid", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    model = table.Column<string>(type: "text", nullable: false),
                    kind = table.Column<short>(type: "smallint", nullable: false),
                    source = table.Column<short>(type: "smallint", nullable: false),
                    prompt_tokens = table.Column<int>(type: "integer", nullable: false),
                    cached_tokens = table.Column<int>(type: "integer", nullable: false),
                    generated_tokens = table.Column<int>(type: "integer", nullable: false),
                    drafted_tokens = table.Column<int>(type: "integer", nullable: false),
                    accepted_tokens = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_usage", x => x.job);
                });

            migrationBuilder.CreateTable(
                name: "webhook_deliveries",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    job = table.Column<Guid>(type: "uuid", nullable: false),
                    endpoint = table.Column<Guid>(type: "uuid", nullable: true),
                    url = table.Column<string>(type: "text", nullable: false),
                    @event = table.Column<string>(name: "event", type: "text", nullable: false),
                    body = table.Column<byte[]>(type: "bytea", nullable: true),
                    state = table.Column<short>(type: "smallint", nullable: false),
                    attempts = table.Column<int>(type: "integer", nullable: false),
                    next_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_status = table.Column<int>(type: "integer", nullable: true),
                    last_error = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    delivered_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_webhook_deliveries", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "webhook_endpoints",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    url = table.Column<string>(type: "text", nullable: false),
                    events = table.Column<string[]>(type: "text[]", nullable: false),
                    secret = table.Column<byte[]>(type: "bytea", nullable: false),
                    former_secret = table.Column<byte[]>(type: "bytea", nullable: true),
                    former_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    failing_since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    disabled_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    disabled_reason = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_webhook_endpoints", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "workers",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    models = table.Column<string[]>(type: "text[]", nullable: false),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_workers", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "api_keys",
                columns: table => new
                {
                    id = table.Column<string>(type: "text", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    tenant = table.Column<string>(type: "text", nullable: false),
                    scopes = table.Column<short>(type: "smallint", nullable: false),
                    name = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    revoked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_api_keys", x => x.id);
                    table.ForeignKey(
                        name: "fk_api_keys_tenant",
                        column: x => x.tenant,
                        principalTable: "tenants",
                        principalColumn: "name",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_api_keys_tenant",
                table: "api_keys",
                column: "tenant");

            migrationBuilder.CreateIndex(
                name: "ix_cache_entries_expires",
                table: "cache_entries",
                column: "expires_at")
                .Annotation("Npgsql:IndexMethod", "brin");

            migrationBuilder.CreateIndex(
                name: "ix_cache_entries_fingerprint",
                table: "cache_entries",
                columns: new[] { "tenant", "namespace", "fingerprint" });

            migrationBuilder.CreateIndex(
                name: "ux_cache_entries_exact",
                table: "cache_entries",
                columns: new[] { "tenant", "namespace", "exact_key" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_cost_models_model",
                table: "cost_models",
                columns: new[] { "model", "revision", "device", "created_at" });

            migrationBuilder.CreateIndex(
                name: "ix_jobs_deadline",
                table: "jobs",
                column: "deadline",
                filter: "live and deadline is not null");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_expires",
                table: "jobs",
                column: "expires_at")
                .Annotation("Npgsql:IndexMethod", "brin");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_follower",
                table: "jobs",
                column: "waits_for",
                filter: "live and waits_for is not null");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_held",
                table: "jobs",
                columns: new[] { "held_by", "ticketed_at" },
                filter: "live");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_submission",
                table: "jobs",
                columns: new[] { "submission", "id" },
                filter: "submission is not null");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_tenant",
                table: "jobs",
                columns: new[] { "tenant", "id" });

            migrationBuilder.CreateIndex(
                name: "ux_jobs_leader",
                table: "jobs",
                columns: new[] { "tenant", "namespace", "exact_key" },
                unique: true,
                filter: "live and waits_for is null and exact_key is not null");

            migrationBuilder.CreateIndex(
                name: "ux_schedules_name",
                table: "schedules",
                columns: new[] { "tenant", "name" },
                unique: true);

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

            migrationBuilder.CreateIndex(
                name: "ix_submissions_tenant",
                table: "submissions",
                columns: new[] { "tenant", "id" });

            migrationBuilder.CreateIndex(
                name: "ux_submissions_firing",
                table: "submissions",
                columns: new[] { "schedule", "fire_time" },
                unique: true,
                filter: "schedule is not null");

            migrationBuilder.CreateIndex(
                name: "ux_submissions_key",
                table: "submissions",
                columns: new[] { "tenant", "idempotency_key" },
                unique: true,
                filter: "idempotency_key is not null");

            migrationBuilder.CreateIndex(
                name: "ix_usage_at",
                table: "usage",
                column: "at")
                .Annotation("Npgsql:IndexMethod", "brin");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_endpoint",
                table: "webhook_deliveries",
                columns: new[] { "tenant", "endpoint", "created_at" });

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_job",
                table: "webhook_deliveries",
                column: "job");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_next",
                table: "webhook_deliveries",
                column: "next_at",
                filter: "state = 0");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_endpoints_tenant",
                table: "webhook_endpoints",
                column: "tenant");

            migrationBuilder.Sql(InitialRules.Storage);
            migrationBuilder.Sql(InitialRules.TerminalStates);
            migrationBuilder.Sql(InitialRules.Role);
            migrationBuilder.Sql(InitialRules.RowLevelSecurity);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(InitialRules.Undo);

            migrationBuilder.DropTable(
                name: "api_keys");

            migrationBuilder.DropTable(
                name: "cache_entries");

            migrationBuilder.DropTable(
                name: "cost_models");

            migrationBuilder.DropTable(
                name: "idempotency_keys");

            migrationBuilder.DropTable(
                name: "job_events");

            migrationBuilder.DropTable(
                name: "job_inputs");

            migrationBuilder.DropTable(
                name: "jobs");

            migrationBuilder.DropTable(
                name: "models");

            migrationBuilder.DropTable(
                name: "outbox");

            migrationBuilder.DropTable(
                name: "results");

            migrationBuilder.DropTable(
                name: "schedules");

            migrationBuilder.DropTable(
                name: "submission_lines");

            migrationBuilder.DropTable(
                name: "submissions");

            migrationBuilder.DropTable(
                name: "usage");

            migrationBuilder.DropTable(
                name: "webhook_deliveries");

            migrationBuilder.DropTable(
                name: "webhook_endpoints");

            migrationBuilder.DropTable(
                name: "workers");

            migrationBuilder.DropTable(
                name: "tenants");
        }
    }
}
