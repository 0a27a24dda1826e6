using Sluice.Batching.Waiting;
using Sluice.Jobs;

namespace Sluice.Batching;

/// <summary>
/// Decides which waiting jobs of one model run together, and when. Makes no call and reads no clock but <see cref="TimeProvider"/>; a decision follows from
/// what was added, what the estimate has observed, the room and the time. All members may be called from any thread.
/// </summary>
/// <remarks>
/// The order: interactive; then whoever's latest safe start (deadline less predicted time) is near; then standard; then bulk, unless an interactive job is
/// left waiting. Within a class the earliest safe start goes first; whoever is picked takes along the jobs of its deadline that share its prefix, longest
/// shared first, and a bounded number of others most of whose prompt it shares.
/// Tenants have shares of each class's tokens. One that has had more waits with its interactive jobs and with those without a deadline until the others have
/// gone; its deadlines are the first to be given up when not all can be met, and give way to a near one of a tenant that has not.
/// A job without a deadline, and one that runs late, stands as if its safe start were its class's patience after its creation.
///
/// A job that does not fit is passed by smaller ones for <see cref="FormerOptions.PassOver"/>, or not at all when its safe start is near; then it holds the
/// room: nothing after it in order is admitted until it fits. One job holds at a time, the first in order. It is never passed by for longer, since every
/// job before it is more urgent.
///
/// Suspects run with suspects only and with nothing beside them: at once when nothing else can run, and after
/// <see cref="FormerOptions.SuspectPatience"/> (sooner if a safe start is near) the others wait until the engine is empty and all suspects that wait then have gone, batch after batch. Those that come meanwhile wait until others have gone once.
/// </remarks>
public sealed class Former(FormerOptions options, CostEstimate cost, TimeProvider time)
{
    private const int RefreshPerDecision = 64;
    private const int ExpiryScan = 64;
    private readonly Lock _lock = new();
    private readonly Backlog _waiting = new(options, cost);
    private long _suspectsSince;
    private long _turnBefore; // suspects with a number below this have their turn; 0 while there is none
    private bool _othersNext; // a turn of suspects is over, and nobody else has gone since

    /// <summary>Jobs that wait.</summary>
    public int Count
    {
        get { lock (_lock) return _waiting.Count; }
    }

    /// <summary>Lets a job wait. False, and nothing changes, where it waits already (a doubled ticket).</summary>
    public bool Add(WaitingJob job)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(job.PromptTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(job.MaxNewTokens);
        long now = time.GetUtcNow().UtcTicks;
        lock (_lock)
        {
            if (job.Suspicions > 0 && _waiting.Suspects.Count == 0) _suspectsSince = now;
            return _waiting.Add(job, now);
        }
    }

    /// <summary>Takes a job out (cancelled, lost to another worker, or to be added again as a more urgent one). False where it does not wait here.</summary>
    public bool Remove(JobId id)
    {
        lock (_lock)
        {
            if (_waiting.Find(id) is not { } entry) return false;
            _waiting.Remove(entry);
            return true;
        }
    }

    /// <summary>Takes out everything that waits (the worker drains), in no order.</summary>
    public IReadOnlyList<WaitingJob> TakeAll()
    {
        lock (_lock)
        {
            List<Entry> all = [.. _waiting.All];
            WaitingJob[] jobs = [.. all.Select(Backlog.JobOf)];
            all.ForEach(_waiting.Remove);
            return jobs;
        }
    }

    /// <summary>Decides. Ask after every arrival and every freed sequence, and again until no batch comes.</summary>
    public FormerDecision Next(EngineRoom room)
    {
        DateTimeOffset now = time.GetUtcNow();
        lock (_lock)
        {
            Decision decision = new(_waiting, options, room, now.UtcTicks);
            List<LeavingJob> expired = [];
            foreach (Entry late in decision.FindLate(RefreshPerDecision, ExpiryScan))
            {
                if (late.Job.OnLate == OnLate.Run)
                {
                    _waiting.RunLate(late);
                    continue;
                }
                expired.Add(new(Backlog.JobOf(late), Arithmetic.OfExpiry(late.Job, _waiting.Spared(late), cost, now)));
                _waiting.Remove(late);
            }
            (Selection selection, CloseReason? reason) = decision.Choose(_othersNext ? now.UtcTicks : _suspectsSince);
            foreach (Entry entry in decision.Displaced.Where(e => !selection.Has(e))) _waiting.Relink(entry);
            LeavingJob[] impossible = [.. selection.Impossible.Select(e => new LeavingJob(Backlog.JobOf(e), Arithmetic.OfImpossibility(e.Job, room)))];
            foreach (Entry entry in selection.Impossible) _waiting.Remove(entry);
            cost.Saturated(_waiting.Count > selection.Picked.Count && (selection.Picked.Count == 0 || reason is not null), room);
            return new()
            {
                Expired = expired,
                Impossible = impossible,
                Batch = reason is { } why ? Close(selection, why, now) : null,
                LookAgainAt = decision.LookAgainAt(reason is null ? selection : null) is { } ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null,
            };
        }
    }

    /// <summary>What a job that came now could be told: when it is likely to end, and whether that is in time even by the cautious reckoning. Changes nothing.</summary>
    public Quote Quote(WaitingJob job)
    {
        ArgumentNullException.ThrowIfNull(job);
        DateTimeOffset now = time.GetUtcNow();
        lock (_lock)
        {
            TimeSpan wait = _waiting.WaitOf(job, now.UtcTicks);
            return Batching.Quote.Of(job, cost, wait, now);
        }
    }

    /// <summary>What waits, in sums, for quotes that are made where no former is.</summary>
    public BacklogReport Report()
    {
        lock (_lock) return _waiting.Report();
    }

    /// <summary>A batch of suspects has been picked: whether it was the last of those that waited when their turn began.</summary>
    private bool EndsTurn()
    {
        if (_turnBefore == 0) _turnBefore = _waiting.NextNumber;
        if (_waiting.Suspects.InOrder().Any(entry => entry.Number < _turnBefore)) return false;
        _turnBefore = 0;
        return true;
    }

    private FormedBatch Close(Selection selection, CloseReason reason, DateTimeOffset now)
    {
        WaitingJob[] jobs = [.. selection.Picked.Select(pick => Backlog.JobOf(pick.Entry))];
        foreach ((Entry entry, int cached) in selection.Picked) _waiting.Run(entry, cached);
        bool suspects = jobs[0].Suspicions > 0;
        _othersNext = suspects && EndsTurn();
        _waiting.GatheringSince = null;
        return new(Guid.CreateVersion7(now), jobs, reason, selection.PromptTokens, selection.StepTokens, selection.Pages, suspects, now)
        {
            InteractiveStepTokens = selection.InteractiveStepTokens,
        };
    }
}
