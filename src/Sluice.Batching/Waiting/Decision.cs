using Sluice.Jobs;

namespace Sluice.Batching.Waiting;

/// <summary>One look at the backlog: who is late, who would go, whether they go now. Changes nothing but the marks of who was passed over.</summary>
internal sealed partial class Decision(Backlog waiting, FormerOptions options, EngineRoom room, long now)
{
    private const int WakeScan = 16;
    private static readonly long _soon = TimeSpan.FromMilliseconds(50).Ticks;
    private bool _bulkYields;

    /// <summary>Jobs that were passed by because others are worth more; they belong in another lane.</summary>
    public HashSet<Entry> Displaced { get; } = [];

    private Entry? _first; // in order, of those that are neither interactive nor suspect

    private readonly long _near = now + options.NearDeadline.Ticks;

    /// <summary>
    /// Jobs whose deadline is lost: those past their safe start, up to <paramref name="scan"/>, and those of a round of <paramref name="refresh"/> whose safe start is
    /// recomputed. What a bound leaves is found at a later decision, and never picked meanwhile.
    /// </summary>
    public HashSet<Entry> FindLate(int refresh, int scan)
    {
        HashSet<Entry> late = [];
        foreach (Entry entry in waiting.Refresh(refresh, now).Concat(waiting.Dated.Until(now, scan, out _)))
        {
            if (waiting.CannotMakeIt(entry, now)) late.Add(entry);
        }
        return late;
    }

    /// <summary>
    /// Who would go in this room, and why now; no reason where they had better wait, or nobody can go. Suspects go in an empty engine: when nobody else
    /// can, and when it is their turn; the engine empties because nobody else is picked then.
    /// </summary>
    public (Selection Selection, CloseReason? Reason) Choose(long suspectsSince)
    {
        Selection selection = new(room);
        waiting.Weigh(now, room);
        waiting.Prefixes.Sweep((long)(room.TotalPages * options.WarmShare) * room.PageTokens);
        if (room.RunningSuspects > 0) return (selection, null);
        bool suspectsDue = waiting.Suspects.Count > 0 && (now - suspectsSince >= options.SuspectPatience.Ticks || IsNear(waiting.Suspects.First!));
        if (!suspectsDue) PickUnsuspected(selection);
        if (selection.Picked.Count == 0 && room.Running == 0)
        {
            PickSuspects(selection);
            if (selection.Picked.Count == 0 && suspectsDue) PickUnsuspected(selection);
        }
        if (selection.Picked.Count == 0) waiting.GatheringSince = null;
        return (selection, selection.Picked.Count == 0 ? null : WhyNow(selection));
    }

    /// <summary>When time alone changes the answer: a linger ends, a safe start comes near, a deadline is lost, an interactive job may have what others give back.</summary>
    public long? LookAgainAt(Selection? lingering)
    {
        long at = long.MaxValue;
        if (lingering is { Picked.Count: > 0 }) at = (waiting.GatheringSince ?? lingering.Picked.Min(pick => pick.Entry.AddedAt)) + options.Linger.Ticks;
        List<Entry> near = waiting.Dated.Until(_near, WakeScan, out long next);
        foreach (Entry entry in near)
        {
            at = Math.Min(at, Math.Max(waiting.LastStart(entry) + 1, now + TimeSpan.TicksPerMillisecond));
        }
        at = Math.Min(at, next == _near ? now + _soon : next - options.NearDeadline.Ticks);
        if (room.InteractiveSequences is not null)
        {
            foreach (Entry entry in waiting.Of(JobClass.Interactive).InOrder().Take(WakeScan))
            {
                if (!TakesBack(entry)) at = Math.Min(at, entry.AddedAt + options.YieldAfter.Ticks);
            }
        }
        return at > long.MaxValue / 2 ? null : at;
    }

    private bool IsNear(Entry entry) => entry.Dated && entry.SafeStart <= _near;

    private void PickUnsuspected(Selection selection)
    {
        Lane interactive = waiting.Of(JobClass.Interactive);
        int settled = selection.Settled;
        if (!selection.WhollyExhausted && !PickInteractive(interactive.InOrder(), selection)) return;
        _bulkYields = selection.Settled - settled < interactive.Count;
        Lane standard = waiting.Of(JobClass.Standard), bulk = waiting.Of(JobClass.Bulk);
        _first = FirstOf(standard, _bulkYields ? null : bulk);
        if (waiting.AnyAhead && !PickWithMates(_bulkYields ? Lane.Entitled(_near, standard) : Lane.Entitled(_near, standard, bulk), selection)) return;
        if (selection.Exhausted || !PickWarm(selection)) return;
        if (!PickWithMates(_bulkYields ? standard.InOrder() : Lane.Merged(standard, bulk), selection)) return;
        if (!PickWithMates(waiting.Parked.InOrder().Where(MayRun), selection)) return;
        foreach (Entry entry in Displaced.OrderByDescending(e => e.Density).ThenBy(e => e.Number))
        {
            if (MayRun(entry) && !Offer(entry, waiting.Prefixes.Cached(entry), selection, Holds, TakesBack(entry))) return;
        }
    }

    private static Entry? FirstOf(Lane one, Lane? other) =>
        one.First is not { } first ? other?.First : other?.First is { } second && Entry.ByDue.Compare(second, first) < 0 ? second : first;

    private bool MayRun(Entry entry) => entry.Job.Class != JobClass.Bulk || !_bulkYields;

    private bool PickWithMates(IEnumerable<Entry> entries, Selection selection)
    {
        if (selection.Exhausted) return false;
        foreach (Entry entry in entries)
        {
            if (waiting.CannotMakeIt(entry, now) || Displaces(entry)) continue;
            if (!selection.Has(entry) && BeginsAnother(entry))
            {
                if (!selection.LeaveOut()) return false;
                continue;
            }
            int before = selection.Picked.Count;
            bool more = Offer(entry, waiting.Prefixes.Cached(entry), selection, Holds);
            if (selection.Picked.Count > before)
            {
                waiting.Passes = 0;
                BeginTurns(entry);
            }
            if (!more || (selection.Picked.Count > before && !PickMates(entry, selection))) return false;
        }
        return true;
    }

    private bool PickInteractive(IEnumerable<Entry> entries, Selection selection)
    {
        foreach (Entry entry in entries)
        {
            if (waiting.CannotMakeIt(entry, now) || Displaces(entry)) continue;
            int before = selection.Picked.Count;
            bool more = Offer(entry, waiting.Prefixes.Cached(entry), selection, Holds, TakesBack(entry));
            if (!more || (selection.Picked.Count > before && !PickMates(entry, selection))) return false;
        }
        return true;
    }

    private bool Displaces(Entry entry)
    {
        if (entry.Parked || !waiting.IsOverdue(entry, now)) return false;
        entry.Risky = waiting.IsRisky(entry, now);
        Displaced.Add(entry);
        return true;
    }

    private bool Offer(Entry entry, int cached, Selection selection, Func<Entry, bool>? holds, bool takesBack = false)
    {
        Renew(entry, selection);
        return selection.Offer(entry, cached, holds, takesBack);
    }

    /// <summary>What the job takes is reckoned by what is known now. Those with a deadline have their rounds.</summary>
    private void Renew(Entry entry, Selection selection)
    {
        if (!entry.Dated && !selection.Has(entry)) waiting.Renew(entry);
    }

    private bool TakesBack(Entry entry) => entry.Job.Class == JobClass.Interactive && now - entry.AddedAt >= options.YieldAfter.Ticks;

    private void PickSuspects(Selection selection)
    {
        foreach (Entry entry in waiting.Suspects.InOrder())
        {
            if (waiting.CannotMakeIt(entry, now)) continue;
            Renew(entry, selection);
            if (!selection.OfferSuspect(entry, waiting.Prefixes.Cached(entry), Holds)) return;
        }
    }

    /// <summary>A job that is first in order and does not fit: may smaller ones still pass it?</summary>
    private bool Holds(Entry entry)
    {
        if (entry.PassedOverSince == 0) entry.PassedOverSince = now;
        return IsNear(entry) || now - entry.PassedOverSince >= options.PassOver.Ticks;
    }

    private CloseReason? WhyNow(Selection selection)
    {
        bool near = selection.Picked.Exists(pick => IsNear(pick.Entry));
        bool starves = room.Running == 0 || room.Running < options.StarvingShare * room.MaxSequences;
        if (selection.Exhausted || selection.Crowded) return !near && !starves && Gathers(selection) ? null : CloseReason.Full;
        return near ? CloseReason.DeadlineNear
            : starves ? CloseReason.EngineIdle
            : now - selection.Picked.Min(pick => pick.Entry.AddedAt) >= options.Linger.Ticks ? CloseReason.LingerOver
            : null;
    }

    /// <summary>True while what has become free in a full engine is so little that the next step is better filled by waiting for more.</summary>
    private bool Gathers(Selection selection)
    {
        if (selection.Picked.Count >= options.GatherShare * room.MaxSequences || 2 * selection.StepTokens >= room.FreeStepTokens) return false;
        waiting.GatheringSince ??= now;
        return now - waiting.GatheringSince < options.Linger.Ticks;
    }
}
