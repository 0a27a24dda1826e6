namespace Sluice.Store.Memory;

/// <summary>The purge of the memory store.</summary>
internal sealed class MemoryRetentionStore(MemoryJobStore store) : IRetentionStore
{
    public Task<PurgeReport?> PurgeAsync(PurgeLimits limits, CancellationToken cancellationToken) => store.LockedAsync(tables => (PurgeReport?)Purge(tables, limits));

    private static PurgeReport Purge(MemoryTables tables, PurgeLimits limits)
    {
        DateTimeOffset now = tables.Now;
        List<(string, string)> keys = [.. tables.Idempotency.Where(k => k.Value.ExpiresAt <= now).Take(limits.Most).Select(k => k.Key)];
        keys.ForEach(key => tables.Idempotency.Remove(key));
        List<MemoryDelivery> deliveries = [.. tables.Webhooks.Deliveries.Values.Where(d => (d.Job?.ExpiresAt ?? d.Submission!.ExpiresAt) <= now).Take(limits.Most)];
        deliveries.ForEach(tables.Webhooks.Remove);
        List<MemoryJob> expired = [.. tables.Jobs.Values.Where(j => j.ExpiresAt <= now && !j.Live && j.Input is not null).Take(limits.Most)];
        expired.ForEach(job => job.Forget());
        List<MemoryJob> forgotten = limits.Facts is { } age ? [.. tables.Jobs.Values.Where(j => j.ExpiresAt + age <= now && !j.Live && j.Input is null).Take(limits.Most)] : [];
        foreach (MemoryJob job in forgotten)
        {
            tables.Jobs.Remove(job.Id);
        }
        List<MemorySubmission> submissions = [.. tables.Submissions.Values.Where(s => s.Settled && s.ExpiresAt <= now && !s.Forgotten).Take(limits.Most)];
        List<MemoryFiring> runs = [.. tables.Firings.Values.Where(f => f.Firing.FinishedAt + limits.Runs <= now).Take(limits.Most)];
        foreach (MemoryFiring run in runs)
        {
            tables.Firings.Remove(run.Firing.Id);
        }
        return new PurgeReport(expired.Count, forgotten.Count, keys.Count, deliveries.Count, Math.Max(submissions.Count, submissions.Sum(s => s.Forget())), runs.Count);
    }
}
