using Sluice.Jobs;

namespace Sluice.Store.Memory;

/// <summary>One reconciler's round. Called under the store's lock.</summary>
internal static class MemoryReconcile
{
    public static ReconcileReport Round(MemoryTables tables, ReconcileOptions options)
    {
        DateTimeOffset now = tables.Now;
        List<Guid> dead = [.. tables.Workers.Values.Where(w => options.DeclaresDead && w.SeenAt < now - options.HeartbeatTimeout).Select(w => w.Registration.Id)];
        dead.ForEach(id => tables.Workers.Remove(id));
        MemoryBurial sum = default;
        List<Guid> orphaned = [.. tables.Live.Values.Select(j => j.HeldBy).OfType<Guid>().Distinct().Where(id => !tables.Workers.ContainsKey(id))];
        foreach (Guid worker in orphaned)
        {
            MemoryBurial one = tables.Bury(worker, suspect: true, Math.Max(0, options.Max - sum.Requeued - sum.Freed));
            sum = new MemoryBurial(sum.Requeued + one.Requeued, sum.Freed + one.Freed, sum.Exhausted + one.Exhausted, sum.Poisoned + one.Poisoned);
        }
        // Followers first, so that no late one is promoted by its leader's end.
        List<MemoryJob> late = [.. tables.Live.Values.Where(j => j.IsLate(now)).OrderBy(j => j.WaitsFor is null).Take(options.Max)];
        late.ForEach(job => tables.End(job, JobState.Expired, null, JobEnds.DeadlinePassed()));
        List<MemoryJob> forgotten = [.. tables.Live.Values.Where(j => j.Free && IsForgotten(j, now, options)).OrderBy(j => j.TicketedAt).Take(options.Max)];
        tables.Ticket(forgotten);
        return new ReconcileReport(dead.Count, sum.Requeued, sum.Freed, late.Count, forgotten.Count, sum.Exhausted, sum.Poisoned, late.Count(job => job.WillMeetDeadline == true));
    }

    private static bool IsForgotten(MemoryJob job, DateTimeOffset now, ReconcileOptions options)
    {
        TimeSpan? age = now - job.TicketedAt, before = job.TicketedAt - job.CreatedAt;
        TimeSpan timeout = options.TicketTimeout;
        return age > options.TicketsLost || (age > timeout && (age > before || age > ReconcileOptions.MaxBackoff * timeout));
    }
}
