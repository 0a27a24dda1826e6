namespace Sluice.Engine.Planning;

/// <summary>Pages for tokens that come after the prompt, who gives way when they are short, and to whom.</summary>
internal sealed partial class Planner
{
    private void GrowDecoding()
    {
        for (int i = 0; i < _running.Count; i++)
        {
            Sequence sequence = _running[i];
            if (!sequence.Decoding)
                continue;
            int pages = Step.Pages(sequence.Trunk.Length);
            while (sequence.Running && !_cache.TryGrow(sequence.Trunk.Lease, pages))
                Preempt(_running[^1]);
        }
    }

    /// <summary>Gives back the pages of guesses that fell.</summary>
    public void DropGuesses(Lane lane) => _cache.Shrink(lane.Lease, Math.Min(lane.Lease.Count, Step.Pages(lane.Length)));

    // As many as there are rows and pages for; nobody gives way for a guess, and no conversation is forgotten.
    private int TakeGuesses(Sequence sequence, int spare)
    {
        Lane lane = sequence.Trunk;
        int most = Math.Min(sequence.Draft?.Count ?? 0, spare);
        if (most > 0 && !_cache.TryGrow(lane.Lease, Step.Pages(lane.Length + most), forget: false))
            most = Math.Min(most, (lane.Lease.Count * PageTokens) - lane.Length);
        return lane.Drafted = Math.Max(0, most);
    }

    /// <summary>Gives a choice the prompt's full pages and pages of its own for the rest, all at once, so that a choice that was started never runs short.</summary>
    private bool TryFork(Lane choice)
    {
        Lane prompt = choice.Owner.Trunk;
        int full = prompt.Length / PageTokens;
        int pages = Step.Pages(choice.Length);
        while (pages - full > _cache.Available)
        {
            if (_running[^1] == choice.Owner || AnyStarted(choice.Owner))
                return false;
            Preempt(_running[^1]);
        }

        _cache.Fork(prompt.Lease, choice.Lease, full);
        _cache.TryGrow(choice.Lease, pages);
        int rest = prompt.Length % PageTokens;
        if (rest > 0)
            _step.Add(new PageCopy(prompt.Lease.Pages[full], choice.Lease.Pages[full], rest));
        return true;
    }

    private static bool AnyStarted(Sequence sequence)
    {
        foreach (Lane choice in sequence.Choices)
        {
            if (choice.Lease.Count > 0)
                return true;
        }

        return false;
    }

    private void Preempt(Sequence sequence)
    {
        _running.Remove(sequence);
        sequence.Running = false;
        GiveBack(sequence, keep: true);
        sequence.Trunk.Computed = 0;
        sequence.Mean?.Clear();
        _waiting.Add(sequence);
        Preemptions++;
    }

    // What was computed stays in the tree until somebody needs the pages, so giving way often costs little.
    private void GiveBack(Sequence sequence, bool keep)
    {
        Speculator?.Release(sequence);
        sequence.Trunk.Drafted = 0;
        foreach (Lane choice in sequence.Choices)
        {
            _cache.Release(choice.Lease);
            choice.Computed = choice.Start;
        }

        Lane trunk = sequence.Trunk;
        if (keep)
            _cache.Share(trunk.Lease, trunk.Tokens, trunk.Computed / PageTokens);
        if (keep && sequence.Ended && sequence.Request.Conversation is { } conversation)
            _cache.Keep(trunk.Lease, conversation);
        _cache.Release(trunk.Lease);
    }

    /// <summary>Starts sequences of class 0 in the room of higher ones. Before anything of the step is planned: who gives way has no rows in it.</summary>
    private void StartInteractive()
    {
        while (FirstReady() is { Request.Class: 0 } sequence && LastLesser(sequence) is not null)
        {
            if (_running.Count < _limits.MaxSequences && TryStart(sequence))
                continue;
            if (!MayTakeRoom(sequence))
                return;
            do
                Preempt(LastLesser(sequence)!);
            while (!TryStart(sequence) && LastLesser(sequence) is not null);
            if (!sequence.Running)
                return;
        }
    }

    // The first in line that need not wait for a prefix.
    private Sequence? FirstReady()
    {
        int left = Math.Max(LookAhead, _limits.MaxSequences);
        Sequence? next = _waiting.First;
        while (next is not null && left-- > 0 && Awaits(next))
            next = next.Next;
        return left < 0 ? null : next;
    }

    // The last running one of a higher class that comes after it in line.
    private Sequence? LastLesser(Sequence sequence)
    {
        int at = _running.Count - 1;
        while (at >= 0 && _running[at].Request.Class <= sequence.Request.Class)
            at--;
        return at >= 0 && _running[at].Order > sequence.Order ? _running[at] : null;
    }

    // What ends with the step that runs when it comes may make room enough, so it waits for one; nobody gives way for too little.
    private bool MayTakeRoom(Sequence sequence)
    {
        if (sequence.HeldBackIn < 0)
            sequence.HeldBackIn = _step.Number;
        if (sequence.HeldBackIn == _step.Number)
            return false;
        _leavers.Clear();
        int stay = 0;
        foreach (Sequence running in _running)
        {
            if (running.Request.Class <= sequence.Request.Class || running.Order < sequence.Order)
            {
                stay++;
                continue;
            }

            _leavers.Add(running.Trunk.Lease);
            foreach (Lane choice in running.Choices)
                _leavers.Add(choice.Lease);
        }

        Lane trunk = sequence.Trunk;
        int held = _leavers.CountHeld(sequence.Request.Scope, trunk.Tokens, ShareablePages(sequence)); // by those that stay
        return Step.Pages(trunk.Length) - held + stay <= _cache.Available + _leavers.Gained;
    }
}
