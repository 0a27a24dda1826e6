using Sluice.Jobs;

namespace Sluice.Batching.Waiting;

/// <summary>One look at the backlog: who is late, who would go, whether they go now. Changes nothing but the marks of who was passed over.</summary>
internal sealed class Decision(Backlog waiting, FormerOptions options, EngineRoom room, long now)
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
        foreach (Entry entry in waiting.Refresh(refresh))
        {
            if (waiting.CannotMakeIt(entry, now)) late.Add(entry);
        }
        foreach (Entry entry in waiting.Dated)
        {
            if (entry.SafeStart > now || scan-- == 0) break;
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
        waiting.Weigh(now);
        if (room.RunningSuspects > 0) return (selection, null);
        bool suspectsDue = waiting.Suspects.Count > 0 && (now - suspectsSince >= options.SuspectPatience.Ticks || waiting.Suspects.InOrder().First() is var e && IsNear(e));
        if (!suspectsDue) PickUnsuspected(selection);
        if (selection.Picked.Count == 0 && room.Running == 0)
        {
            PickSuspects(selection);
            if (selection.Picked.Count == 0 && suspectsDue) PickUnsuspected(selection);
        }
        return (selection, selection.Picked.Count == 0 ? null : WhyNow(selection));
    }

    /// <summary>When time alone changes the answer: a linger ends, a safe start comes near, a deadline is lost.</summary>
    public long? LookAgainAt(Selection? lingering)
    {
        long at = long.MaxValue;
        if (lingering is { Picked.Count: > 0 }) at = lingering.Picked.Min(e => e.AddedAt) + options.Linger.Ticks;
        int scan = WakeScan;
        foreach (Entry entry in waiting.Dated)
        {
            long near = entry.SafeStart - options.NearDeadline.Ticks;
            if (near > now)
            {
                at = Math.Min(at, near);
                break;
            }
            at = Math.Min(at, scan-- == 0 ? now + _soon : Math.Max(waiting.LastStart(entry) + 1, now + TimeSpan.TicksPerMillisecond));
            if (scan < 0) break;
        }
        return at == long.MaxValue ? null : at;
    }

    private bool IsNear(Entry entry) => entry.Dated && entry.SafeStart <= _near;

    private void PickUnsuspected(Selection selection)
    {
        Lane interactive = waiting.Of(JobClass.Interactive);
        int settled = selection.Settled;
        if (!selection.WhollyExhausted && !PickAll(interactive.InOrder(), selection)) return;
        _bulkYields = selection.Settled - settled < interactive.Count;
        Lane standard = waiting.Of(JobClass.Standard), bulk = waiting.Of(JobClass.Bulk);
        _first = FirstOf(standard, _bulkYields ? null : bulk);
        if (!PickWarm(selection)) return;
        if (!PickWithFamilies(_bulkYields ? standard.InOrder() : Lane.Merged(standard, bulk), selection)) return;
        if (!PickWithFamilies(waiting.Parked.InOrder().Where(MayRun), selection)) return;
        foreach (Entry entry in Displaced.OrderByDescending(e => e.Density).ThenBy(e => e.Number))
        {
            if (MayRun(entry) && !selection.Offer(entry, Holds, TakesBack(entry))) return;
        }
    }

    private static Entry? FirstOf(Lane one, Lane? other) =>
        one.First is not { } first ? other?.First : other?.First is { } second && Entry.ByDue.Compare(second, first) < 0 ? second : first;

    /// <summary>It is its family's turn, and whom it passes has as much time as it has.</summary>
    private bool GoesWithItsFamily(Entry entry, Family family) =>
        entry.Number < family.TurnEnds && _first is { } first && !IsNear(first) && first.Job.Class == entry.Job.Class && first.Dated == entry.Dated
        && (!first.Dated || first.Job.Deadline == entry.Job.Deadline);

    private bool MayRun(Entry entry) => entry.Job.Class != JobClass.Bulk || !_bulkYields;

    /// <summary>Jobs most of whose prompts are still in pages, while no more urgent job is passed by too many of them.</summary>
    private bool PickWarm(Selection selection)
    {
        foreach (Family family in waiting.Families.Warm((long)(room.TotalPages * options.WarmShare) * room.PageTokens))
        {
            if (!PickFamily(family, selection)) return false;
        }
        return true;
    }

    private bool PickFamily(Family family, Selection selection)
    {
        const int most = 256;
        if (!family.HasTurn && waiting.Passes >= options.MostPasses) return true;
        bool waits = family.Members.Count > most;
        for (int i = 0; i < Math.Min(family.Members.Count, most); i++)
        {
            Entry entry = family.Members[i];
            waits |= entry.Number < family.TurnEnds;
            bool free = GoesWithItsFamily(entry, family);
            if (!free && waiting.Passes >= options.MostPasses) continue;
            if (selection.Has(entry) || !MayRun(entry) || Families.Cached(entry) * 2 < entry.Job.PromptTokens || waiting.CannotMakeIt(entry, now)) continue;
            int before = selection.Picked.Count;
            bool more = selection.Offer(entry, static _ => false);
            if (!free) waiting.Passes += selection.Picked.Count - before;
            if (!more) return false;
        }
        family.HasTurn = waits;
        return true;
    }

    private bool PickWithFamilies(IEnumerable<Entry> entries, Selection selection)
    {
        if (selection.Exhausted) return false;
        foreach (Entry entry in entries)
        {
            if (waiting.CannotMakeIt(entry, now)) continue;
            if (Displaces(entry)) continue;
            int before = selection.Picked.Count;
            bool more = selection.Offer(entry, Holds);
            if (selection.Picked.Count > before)
            {
                waiting.Passes = 0;
                entry.Family?.BeginTurn(waiting.NextNumber);
            }
            if (!more) return false;
            if (selection.Picked.Count == before) continue;
            if (entry.Family is not { Members.Count: > 1 } family) continue;
            family.Ran(entry.Job);
            family.RanAt = Math.Max(family.RanAt, 0);
            if (!PickFamily(family, selection)) return false;
        }
        return true;
    }

    private bool PickAll(IEnumerable<Entry> entries, Selection selection)
    {
        foreach (Entry entry in entries)
        {
            if (waiting.CannotMakeIt(entry, now)) continue;
            if (Displaces(entry)) continue;
            if (!selection.Offer(entry, Holds, TakesBack(entry))) return false;
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

    private bool TakesBack(Entry entry) => entry.Job.Class == JobClass.Interactive && now - entry.AddedAt >= options.YieldAfter.Ticks;

    private void PickSuspects(Selection selection)
    {
        foreach (Entry entry in waiting.Suspects.InOrder())
        {
            if (!waiting.CannotMakeIt(entry, now) && !selection.OfferSuspect(entry, Holds)) return;
        }
    }

    /// <summary>A job that is first in order and does not fit: may smaller ones still pass it?</summary>
    private bool Holds(Entry entry)
    {
        entry.PassedOverSince ??= now;
        return IsNear(entry) || now - entry.PassedOverSince.Value >= options.PassOver.Ticks;
    }

    private CloseReason? WhyNow(Selection selection) =>
        selection.Exhausted || selection.Crowded ? CloseReason.Full
        : selection.Picked.Exists(IsNear) ? CloseReason.DeadlineNear
        : room.Running == 0 || room.Running < options.StarvingShare * room.MaxSequences ? CloseReason.EngineIdle
        : now - selection.Picked.Min(e => e.AddedAt) >= options.Linger.Ticks ? CloseReason.LingerOver
        : null;
}
