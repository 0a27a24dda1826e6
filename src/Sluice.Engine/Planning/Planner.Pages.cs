namespace Sluice.Engine.Planning;

/// <summary>Pages for tokens that come after the prompt, and who gives way when they are short.</summary>
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
}
