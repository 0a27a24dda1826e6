using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Sluice.Store.Schema;

/// <summary>Keys and indexes of what a job leaves. Few on purpose: every index is paid for at every insert and every end.</summary>
internal static class JobTables
{
    public static void Configure(ModelBuilder model)
    {
        EntityTypeBuilder<JobRow> jobs = model.Entity<JobRow>();
        jobs.ToTable("jobs").HasKey(j => j.Id).HasName("pk_jobs");
        jobs.Property(j => j.Id).ValueGeneratedNever();
        jobs.Property(j => j.Live).HasComputedColumnSql("state < 2", stored: true);
        jobs.HasIndex(j => new { j.Tenant, j.Id }, "ix_jobs_tenant");
        jobs.HasIndex(j => new { j.Submission, j.Id }, "ix_jobs_submission").HasFilter("submission is not null");
        jobs.HasIndex(j => new { j.HeldBy, j.TicketedAt }, "ix_jobs_held").HasFilter("live");
        jobs.HasIndex(j => j.Deadline, "ix_jobs_deadline").HasFilter("live and deadline is not null");
        jobs.HasIndex(j => j.WaitsFor, "ix_jobs_follower").HasFilter("live and waits_for is not null");
        jobs.HasIndex(j => new { j.Tenant, j.Namespace, j.ExactKey }, "ux_jobs_leader").IsUnique().HasFilter("live and waits_for is null and exact_key is not null");
        jobs.HasIndex(j => j.ExpiresAt, "ix_jobs_expires").HasMethod("brin");

        EntityTypeBuilder<JobInputRow> inputs = model.Entity<JobInputRow>();
        inputs.ToTable("job_inputs").HasKey(i => i.Job).HasName("pk_job_inputs");
        inputs.Property(i => i.Job).ValueGeneratedNever();
        inputs.HasIndex(i => i.ExpiresAt, "ix_job_inputs_expires");

        model.Entity<JobEventRow>().ToTable("job_events").HasKey(e => new { e.JobId, e.Seq }).HasName("pk_job_events");

        EntityTypeBuilder<ResultRow> results = model.Entity<ResultRow>();
        results.ToTable("results").HasKey(r => r.Job).HasName("pk_results");
        results.Property(r => r.Job).ValueGeneratedNever();

        EntityTypeBuilder<UsageRow> usage = model.Entity<UsageRow>();
        usage.ToTable("usage").HasKey(u => u.Job).HasName("pk_usage");
        usage.Property(u => u.Job).ValueGeneratedNever();
        usage.HasIndex(u => u.At, "ix_usage_at").HasMethod("brin");

        EntityTypeBuilder<OutboxEntry> outbox = model.Entity<OutboxEntry>();
        outbox.ToTable("outbox").HasKey(o => o.Id).HasName("pk_outbox");
        outbox.Property(o => o.Id).UseIdentityAlwaysColumn();

        EntityTypeBuilder<IdempotencyKeyRow> keys = model.Entity<IdempotencyKeyRow>();
        keys.ToTable("idempotency_keys").HasKey(k => new { k.Tenant, k.Key }).HasName("pk_idempotency_keys");
        keys.HasIndex(k => k.ExpiresAt, "ix_idempotency_keys_expires");

        EntityTypeBuilder<CacheEntryRow> cache = model.Entity<CacheEntryRow>();
        cache.ToTable("cache_entries").HasKey(c => c.Id).HasName("pk_cache_entries");
        cache.Property(c => c.Id).ValueGeneratedNever();
        cache.HasIndex(c => new { c.Tenant, c.Namespace, c.ExactKey }, "ux_cache_entries_exact").IsUnique();
        cache.HasIndex(c => new { c.Tenant, c.Namespace, c.Fingerprint, c.EmbedderId, c.Guard }, "ix_cache_entries_meaning");
        cache.HasIndex(c => c.ExpiresAt, "ix_cache_entries_expires").HasMethod("brin");
    }
}
