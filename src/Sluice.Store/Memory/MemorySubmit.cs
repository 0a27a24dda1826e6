using System.Security.Cryptography;
using Sluice.Jobs;

namespace Sluice.Store.Memory;

/// <summary>Acceptance of one job: repeat, answer from the cache, twin or queued. Called under the store's lock.</summary>
internal static class MemorySubmit
{
    public static SubmitResult Submit(MemoryTables tables, NewJob job)
    {
        if (job.IdempotencyKey is { } idempotency && Repeated(tables, job.Tenant, idempotency) is { } used)
        {
            return CryptographicOperations.FixedTimeEquals(used.Hash, job.RequestHash)
                ? new SubmitResult(SubmitOutcome.Replayed, tables.Jobs[used.Job].Record())
                : new SubmitResult(SubmitOutcome.KeyReused, null);
        }
        MemoryJob row = new(job, tables.Now);
        JobResult? answer = FindAnswer(tables, job, row.Key);
        if (answer is null && job.TooLate && !IsTimely(tables, row))
            return new SubmitResult(SubmitOutcome.TooLate, null);
        if (answer is null && job.TenantBound is { } bound && tables.Queued(job.Tenant) >= bound)
            return new SubmitResult(SubmitOutcome.TenantFull, null);
        if (answer is not null)
            row.Answered(tables.Now);
        tables.Add(row);
        if (job.IdempotencyKey is { } key)
            tables.Idempotency[(job.Tenant, key)] = (job.RequestHash ?? throw new ArgumentException("A job with an idempotency key needs its request's hash.", nameof(job)), job.Id, row.ExpiresAt);
        SubmitOutcome outcome = answer is null ? Queue(tables, row) : SubmitOutcome.CacheHit;
        if (answer is not null)
            tables.End(row, JobState.Succeeded, answer, null);
        return new SubmitResult(outcome, row.Record());
    }

    /// <summary>What a key stands for; null where it is free.</summary>
    public static (byte[] Hash, JobId Job)? Repeated(MemoryTables tables, string tenant, string key) =>
        tables.Idempotency.TryGetValue((tenant, key), out (byte[] Hash, JobId Job, DateTimeOffset ExpiresAt) used) && used.ExpiresAt > tables.Now ? (used.Hash, used.Job) : null;

    private static SubmitOutcome Queue(MemoryTables tables, MemoryJob row)
    {
        if (row.Key is { } key)
        {
            if (tables.Leaders.TryGetValue(key, out MemoryJob? leader))
            {
                row.Follow(leader, tables.Now);
                if (leader.Hurry(row) && leader.State == JobState.Queued)
                    tables.Ticket(leader);
                return SubmitOutcome.Twin;
            }
            tables.Leaders.Add(key, row);
        }
        tables.Ticket(row);
        return SubmitOutcome.Queued;
    }

    /// <summary>An equal job that is live was quoted to end by then.</summary>
    private static bool IsTimely(MemoryTables tables, MemoryJob row) =>
        row.Key is { } key && tables.Leaders.TryGetValue(key, out MemoryJob? leader) && leader.Eta >= tables.Now && leader.Eta <= row.Deadline;

    /// <summary>An equal answer goes before an equal job that is live, that before an answer which only means the same.</summary>
    private static JobResult? FindAnswer(MemoryTables tables, NewJob job, TwinKey? key)
    {
        if (key is { } exact && tables.Cache.Find(exact) is { } entry && entry.ExpiresAt > tables.Now)
            return Hit(entry, "exact", 1, job);
        if (job.Match is not { } match || (key is { } own && tables.Leaders.ContainsKey(own)))
            return null;
        bool serves = tables.Cache.Find(match.Entry) is { } similar && similar.Tenant == job.Tenant && similar.Namespace == job.Namespace
            && similar.ExpiresAt > tables.Now && similar.Fingerprint.AsSpan().SequenceEqual(job.Fingerprint);
        return serves ? Hit(tables.Cache.Find(match.Entry)!, "semantic", match.Similarity, job) : null;
    }

    private static JobResult Hit(MemoryCacheEntry entry, string tier, double similarity, NewJob job) => entry.Result with
    {
        Source = AnswerSource.Cache,
        Cache = new CacheHit { Tier = tier, Entry = JobEnds.EntryName(entry.Id), Similarity = similarity },
        Embedding = job.Embedding,
        EmbedderId = job.EmbedderId,
    };
}
