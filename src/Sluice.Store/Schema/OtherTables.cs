using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Sluice.Store.Schema;

/// <summary>Keys and indexes of tenants, workers, submissions, schedules and webhooks.</summary>
internal static class OtherTables
{
    public static void Configure(ModelBuilder model)
    {
        model.Entity<TenantRow>().ToTable("tenants", t => t.HasCheckConstraint("ck_tenants_name", "name <> '' and name <> '*'")).HasKey(t => t.Name).HasName("pk_tenants");

        EntityTypeBuilder<ApiKeyRow> keys = model.Entity<ApiKeyRow>();
        keys.ToTable("api_keys").HasKey(k => k.Id).HasName("pk_api_keys");
        keys.HasOne<TenantRow>().WithMany().HasForeignKey(k => k.Tenant).HasConstraintName("fk_api_keys_tenant");
        keys.HasIndex(k => k.Tenant, "ix_api_keys_tenant");

        EntityTypeBuilder<WorkerRow> workers = model.Entity<WorkerRow>();
        workers.ToTable("workers").HasKey(w => w.Id).HasName("pk_workers");
        workers.Property(w => w.Id).ValueGeneratedNever();

        model.Entity<ModelRow>().ToTable("models").HasKey(m => new { m.Name, m.Revision }).HasName("pk_models");

        EntityTypeBuilder<CostModelRow> costs = model.Entity<CostModelRow>();
        costs.ToTable("cost_models").HasKey(c => new { c.Model, c.Revision, c.Backend }).HasName("pk_cost_models");

        EntityTypeBuilder<SubmissionRow> submissions = model.Entity<SubmissionRow>();
        submissions.ToTable("submissions").HasKey(s => s.Id).HasName("pk_submissions");
        submissions.Property(s => s.Id).ValueGeneratedNever();
        submissions.HasIndex(s => new { s.Tenant, s.Id }, "ix_submissions_tenant");
        submissions.HasIndex(s => new { s.Schedule, s.FireTime }, "ux_submissions_firing").IsUnique().HasFilter("schedule is not null");
        submissions.Property(s => s.Purged).HasDefaultValue(false);
        submissions.Property(s => s.FedPromptTokens).HasDefaultValue(0L);
        submissions.Property(s => s.FedNewTokens).HasDefaultValue(0L);
        submissions.HasIndex(s => s.ExpiresAt, "ix_submissions_expires").HasFilter("not purged");
        submissions.HasIndex(s => s.FeederUntil, "ix_submissions_open").HasFilter("not settled");
        submissions.HasIndex(s => new { s.Tenant, s.IdempotencyKey }, "ux_submissions_key").IsUnique().HasFilter("idempotency_key is not null");

        EntityTypeBuilder<SubmissionLineRow> lines = model.Entity<SubmissionLineRow>();
        lines.ToTable("submission_lines").HasKey(l => new { l.Submission, l.Number }).HasName("pk_submission_lines");
        lines.HasIndex(l => new { l.Submission, l.IdHash }, "ux_submission_lines_custom_id").IsUnique().HasFilter("id_hash is not null");
        lines.HasIndex(l => new { l.Submission, l.Number }, "ix_submission_lines_invalid").HasFilter("state = 1");

        EntityTypeBuilder<SubmissionTallyRow> tallies = model.Entity<SubmissionTallyRow>();
        tallies.ToTable("submission_tallies").HasKey(t => t.Id).HasName("pk_submission_tallies");
        tallies.Property(t => t.Id).UseIdentityAlwaysColumn();
        tallies.HasIndex(t => t.Submission, "ix_submission_tallies_submission");

        EntityTypeBuilder<ScheduleRow> schedules = model.Entity<ScheduleRow>();
        schedules.ToTable("schedules").HasKey(s => s.Id).HasName("pk_schedules");
        schedules.Property(s => s.Id).ValueGeneratedNever();
        schedules.HasIndex(s => new { s.Tenant, s.Name }, "ux_schedules_name").IsUnique();

        EntityTypeBuilder<FiringRow> firings = model.Entity<FiringRow>();
        firings.ToTable("schedule_firings").HasKey(f => f.Id).HasName("pk_schedule_firings");
        firings.Property(f => f.Id).ValueGeneratedNever();
        firings.HasIndex(f => new { f.Schedule, f.FireTime }, "ux_schedule_firings_time").IsUnique();
        firings.HasIndex(f => f.CreatedAt, "ix_schedule_firings_open").HasFilter("state < 5");

        EntityTypeBuilder<WebhookEndpointRow> endpoints = model.Entity<WebhookEndpointRow>();
        endpoints.ToTable("webhook_endpoints").HasKey(e => e.Id).HasName("pk_webhook_endpoints");
        endpoints.Property(e => e.Id).ValueGeneratedNever();
        endpoints.HasIndex(e => e.Tenant, "ix_webhook_endpoints_tenant");

        EntityTypeBuilder<WebhookDeliveryRow> deliveries = model.Entity<WebhookDeliveryRow>();
        deliveries.ToTable("webhook_deliveries").HasKey(d => d.Id).HasName("pk_webhook_deliveries");
        deliveries.Property(d => d.Id).ValueGeneratedNever();
        deliveries.HasIndex(d => d.NextAt, "ix_webhook_deliveries_next").HasFilter("state = 0");
        deliveries.HasIndex(d => new { d.Endpoint, d.NextAt }, "ix_webhook_deliveries_of_endpoint").HasFilter("state = 0");
        deliveries.HasIndex(d => new { d.Tenant, d.Endpoint, d.CreatedAt }, "ix_webhook_deliveries_endpoint");
        deliveries.HasIndex(d => d.Job, "ix_webhook_deliveries_job");
        deliveries.ToTable(t => t.HasCheckConstraint("ck_webhook_deliveries_of", "(job is null) <> (submission is null)"));
        deliveries.HasIndex(d => d.ExpiresAt, "ix_webhook_deliveries_expires");
    }
}
