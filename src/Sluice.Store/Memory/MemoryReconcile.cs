using Sluice.Jobs;

namespace Sluice.Store.Memory;

/// <summary>One reconciler's round. Called under the store's lock.</summary>
internal static class MemoryReconcile
{
    public static ReconcileReport Round(MemoryTables tables, ReconcileOptions options)
    {
        DateTimeOffset now = tables.Now;
        List<Guid> dead = [.. tables.Workers.Values.Where(w => w.SeenAt < now - options.HeartbeatTimeout).Select(w => w.Registration.Id)];
        dead.ForEach(id => tables.Workers.Remove(id));
        int requeued = 0, freed = 0, exhausted = 0;
        List<Guid> orphaned = [.. tables.Live.Values.Select(j => j.HeldBy).OfType<Guid>().Distinct().Where(id => !tables.Workers.ContainsKey(id))];
        foreach (Guid worker in orphaned)
        {
            (int ran, int held, int ended) = tables.Bury(worker, suspect: true, options.Max - requeued - freed - exhausted);
            requeued += ran;
            freed += held;
            exhausted += ended;
        }
        List<MemoryJob> late = [.. tables.Live.Values.Where(j => j.IsLate(now)).Take(options.Max)];
        // A leader's end may already have ended or promoted a job of this list.
        int expired = 0;
        foreach (MemoryJob job in late.Where(j => j.Live))
        {
            tables.End(job, JobState.Expired, null, JobEnds.DeadlinePassed());
            expired++;
        }
        List<MemoryJob> forgotten = [.. tables.Live.Values.Where(j => j.Free && j.TicketedAt < now - options.TicketTimeout).OrderBy(j => j.TicketedAt).Take(options.Max)];
        forgotten.ForEach(tables.Ticket);
        return new ReconcileReport(dead.Count, requeued, freed, expired, forgotten.Count, exhausted);
    }
}
