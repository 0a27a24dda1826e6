using Sluice.Engine.Sequences;

namespace Sluice.Engine.Planning;

/// <summary>Starting sequences, and computing prompts and choices in chunks.</summary>
internal sealed partial class Planner
{
    private const int PageTokens = StepPlan.PageTokens;

    // Waiting sequences among which one of the same group, or one that need not wait for a prefix, is looked for at least.
    private const int LookAhead = 64;

    private void PlanPrompts()
    {
        for (int i = 0; i < _running.Count && _rows > 0 && _segments > 0; i++)
        {
            if (!_running[i].Decoding)
                PlanChunks(_running[i]);
        }

        while (_rows > 0 && _segments > 0 && TryAdmit() is { } sequence)
            PlanChunks(sequence);
    }

    private void PlanChunks(Sequence sequence)
    {
        if (sequence.Trunk.Remaining > 0)
        {
            PlanChunk(sequence.Trunk);
            return;
        }

        foreach (Lane choice in sequence.Choices)
        {
            if (_rows == 0 || _segments == 0 || _outputs == 0 || (choice.Lease.Count == 0 && !TryFork(choice)))
                return;
            PlanChunk(choice);
        }
    }

    private void PlanChunk(Lane lane)
    {
        int rows = Math.Min(lane.Remaining, _rows);
        if (lane.Output == LaneOutput.EveryLogits)
        {
            rows = Math.Min(rows, _outputs);
            _outputs -= rows;
        }
        else if (lane.Output == LaneOutput.LastLogits && rows == lane.Remaining)
        {
            if (_outputs == 0)
                rows--;
            else
                _outputs--;
        }

        if (rows == 0)
            return;
        _rows -= rows;
        _segments--;
        Plan(lane, rows);
    }

    /// <summary>Starts the next waiting sequence, if its pages can be had now.</summary>
    private Sequence? TryAdmit()
    {
        if (_running.Count == _limits.MaxSequences || NextToStart() is not { } next || !TryStart(next))
            return null;
        _lastGroup = next.Request.Group;
        next.AdmittedIn = _step.Number;
        return next;
    }

    // The first that need not wait for a prefix; before it one of the group that started last, if it came soon after and goes before nobody of a lower class.
    private Sequence? NextToStart()
    {
        Sequence? first = null;
        int lowest = int.MaxValue; // class of those that a mate would go before
        int left = Math.Max(LookAhead, _limits.MaxSequences);
        for (Sequence? next = _waiting.First; next is not null && left > 0; next = next.Next, left--)
        {
            EngineRequest request = next.Request;
            bool mate = request.Group == _lastGroup && (first is null || (request.Class <= lowest && next.Arrival - first.Arrival <= Sequence.ClassDistance));
            if (first is not null && !mate)
                lowest = Math.Min(lowest, request.Class);
            if ((first is not null && !mate) || Awaits(next))
                continue;
            if (mate || _lastGroup is null)
                return next;
            first = next;
            lowest = request.Class;
        }

        return first;
    }

    // Logits of the last known position are always computed, and an embedding needs every position's hidden state.
    private static int ShareablePages(Sequence sequence) =>
        sequence.Request.Kind == SequenceKind.Embed ? 0 : (sequence.Trunk.Length - 1) / PageTokens;

    /// <summary>True while a running sequence is computing pages that this one could share.</summary>
    private bool Awaits(Sequence sequence)
    {
        if (sequence.Awaited is { } awaited)
        {
            if (awaited.Running && awaited.Trunk.Computed < sequence.AwaitedPositions)
                return true;
            sequence.Awaited = null;
        }

        int most = ShareablePages(sequence);
        if (most == 0 || !_cache.Shares)
            return false;
        ReadOnlySpan<int> tokens = sequence.Trunk.Tokens.AsSpan(0, most * PageTokens);
        int matched = -1;
        foreach (Sequence other in _running)
        {
            int limit = Math.Min(most, other.PromptLength / PageTokens);
            if (other.Request.Scope != sequence.Request.Scope || other.Trunk.Computed >= limit * PageTokens)
                continue;
            int common = tokens.CommonPrefixLength(other.Trunk.Tokens.AsSpan(0, limit * PageTokens)) / PageTokens;
            if (other.Trunk.Computed >= common * PageTokens)
                continue;
            if (matched < 0)
                matched = _cache.CountMatch(sequence.Request.Scope, tokens, most);
            if (common <= matched)
                continue;
            sequence.Awaited = other;
            sequence.AwaitedPositions = common * PageTokens;
            return true;
        }

        return false;
    }

    // All pages of the known tokens are taken at once, so a prompt that was started never runs short; a page per running sequence stays, for it to go on with.
    private bool TryStart(Sequence sequence)
    {
        Lane trunk = sequence.Trunk;
        if (!sequence.Started)
            Reserve(sequence); // before pages are taken: it may not fit into memory
        int matched = _cache.Match(trunk.Lease, trunk.Tokens, ShareablePages(sequence));
        if (Step.Pages(trunk.Length) - matched + _running.Count > _cache.Available)
        {
            _cache.Release(trunk.Lease);
            return false;
        }

        if (!sequence.Started)
            Start(sequence, matched * PageTokens);
        _cache.TryGrow(trunk.Lease, Step.Pages(trunk.Length));
        trunk.Computed = matched * PageTokens;
        _waiting.Remove(sequence);
        sequence.Running = true;
        int at = _running.Count;
        while (at > 0 && _running[at - 1].Order > sequence.Order)
            at--;
        _running.Insert(at, sequence);
        return true;
    }

    private void Start(Sequence sequence, int cached)
    {
        sequence.Started = true;
        sequence.CachedTokens = sequence.PromptSeen = cached;
        PromptTokens += sequence.PromptLength;
    }

    /// <summary>Room for all that it may come to; again where it did not start the last time.</summary>
    private static void Reserve(Sequence sequence)
    {
        sequence.Trunk.Lease.Reserve(Step.Pages(sequence.Capacity));
        if (sequence.Request.Kind != SequenceKind.Generate || sequence.Trunk.Tokens.Length == sequence.Capacity)
            return;
        int[] tokens = new int[sequence.Capacity];
        sequence.Request.Prompt.CopyTo(tokens, 0);
        sequence.Trunk.Tokens = tokens;
    }
}
