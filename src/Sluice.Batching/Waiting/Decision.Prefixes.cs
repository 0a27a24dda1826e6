using Sluice.Jobs;

namespace Sluice.Batching.Waiting;

/// <summary>Who goes for the sake of a prefix.</summary>
internal sealed partial class Decision
{
    private const int MostMates = 256; // of one prefix
    private readonly long _mates = ++waiting.Looks, _warm = ++waiting.Looks;
    private int _looks = 4096;
    private bool _turnLeftOut; // a job of a prefix that has its turn waits for room only

    /// <summary>
    /// Jobs most of whose prompts are still in pages: those whose prefix has its turn, and as many others as may pass a more urgent job.
    /// </summary>
    private bool PickWarm(Selection selection)
    {
        foreach (PrefixNode leaf in waiting.Prefixes.Warm())
        {
            PrefixEdge? from = null;
            for (PrefixNode node = leaf; !node.IsRoot && node.SeenIn != _warm; from = node, node = node.Parent!)
            {
                if (_looks-- <= 0) return true;
                if (!node.HasTurn && waiting.Passes >= options.MostPasses) continue;
                foreach (Entry entry in Find(node, from, _warm))
                {
                    int cached = waiting.Prefixes.Cached(entry);
                    if (cached * 2 < entry.Job.PromptTokens || entry.IsAhead) continue;
                    if (!Offer(entry, cached, HasTurn(entry, node), selection)) return false;
                }
            }
        }
        return true;
    }

    /// <summary>Prefixes that make most of a prompt just picked in order have their turn.</summary>
    private void BeginTurns(Entry leader)
    {
        for (PrefixNode node = leader.Parent!; !node.IsRoot && PrefixTree.Shared(leader, node) * 2 >= leader.Job.PromptTokens; node = node.Parent!)
        {
            if (!node.HasTurn) PrefixTree.BeginTurn(node, waiting.NextNumber);
        }
    }

    /// <summary>
    /// It would begin a prefix that others wait for, in room that is too small for a job of the one that has its turn: two prefixes in pages where one goes on.
    /// Who has a deadline is not held up by that.
    /// </summary>
    private bool BeginsAnother(Entry entry) =>
        _turnLeftOut && !entry.Dated && entry.Parent is { Waiting: > 1 } prefix && PrefixTree.Shared(entry, prefix) * 2 >= entry.Job.PromptTokens
        && waiting.Prefixes.Cached(entry) * 2 < entry.Job.PromptTokens;

    /// <summary>It is its prefix's turn, and whom it passes has as much time as it has.</summary>
    private bool HasTurn(Entry entry, PrefixNode node) =>
        entry.Number < node.TurnEnds && _first is { } first && !IsNear(first) && first.Job.Class == entry.Job.Class && first.Dated == entry.Dated
        && (!first.Dated || first.Job.Deadline == entry.Job.Deadline);

    /// <summary>
    /// Jobs that share a prefix with one just picked, the longest shared first: all of its class and deadline, and others most of whose prompt it shares, as long as
    /// no more urgent job is passed by too many of them. One that shares less than half of its prompt has a prefix of its own still to compute: that has its turn.
    /// </summary>
    private bool PickMates(Entry leader, Selection selection)
    {
        PrefixEdge from = leader;
        for (PrefixNode node = leader.Parent!; !node.IsRoot && node.SeenIn != _mates; from = node, node = node.Parent!)
        {
            foreach (Entry mate in Find(node, from, _mates))
            {
                bool equal = mate.Job.Class == leader.Job.Class && mate.Dated == leader.Dated && (!mate.Dated || mate.Job.Deadline == leader.Job.Deadline);
                if ((mate.IsAhead && !leader.IsAhead) || (!equal && leader.Job.Class == JobClass.Interactive)) continue;
                int shared = PrefixTree.Shared(mate, node), before = selection.Picked.Count;
                if (shared * 2 < mate.Job.PromptTokens && BeginsAnother(mate)) continue;
                if (!Offer(mate, Math.Max(waiting.Prefixes.Cached(mate), shared), equal, selection)) return false;
                if (shared * 2 >= mate.Job.PromptTokens || selection.Picked.Count == before) continue;
                BeginTurns(mate);
                if (!PickMates(mate, selection)) return false;
            }
        }
        return true;
    }

    /// <summary>Offers a job before its turn. False when nothing more can be picked.</summary>
    private bool Offer(Entry entry, int cached, bool asEqual, Selection selection)
    {
        if (!asEqual && (waiting.Passes >= options.MostPasses || cached * 2 < entry.Job.PromptTokens || entry.IsAhead)) return true;
        if (entry.Job.Suspicions > 0 || selection.Has(entry) || !MayRun(entry) || waiting.CannotMakeIt(entry, now)) return true;
        int before = selection.Picked.Count;
        bool more = Offer(entry, cached, selection, holds: null, TakesBack(entry));
        if (asEqual) _turnLeftOut |= !selection.Has(entry);
        else waiting.Passes += selection.Picked.Count - before;
        return more;
    }

    /// <summary>Jobs below the node, most urgent first, those below <paramref name="from"/> left out; marks the node as seen.</summary>
    private List<Entry> Find(PrefixNode node, PrefixEdge? from, long look)
    {
        node.SeenIn = look;
        if (node.Waiting == 0 || _looks <= 0) return [];
        List<Entry> found = [];
        PrefixTree.Below(node, from, found, MostMates);
        _looks -= found.Count;
        found.Sort(Entry.ByDue);
        return found;
    }
}
