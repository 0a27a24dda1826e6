namespace Sluice.Engine.Planning;

/// <summary>Tokens that steps have yet to compute before sequences go on token by token; <see cref="Interactive"/>: those of class 0 among them.</summary>
internal readonly record struct PrefillLeft(int All, int Interactive);

/// <summary>What whoever hands sequences over cannot know from what it has promised them.</summary>
internal sealed partial class Planner
{
    private PrefillLeft _planned; // rows of a step that is not committed yet

    /// <summary>Pages that running sequences would hold besides if each had all of its own.</summary>
    public int SharedPages
    {
        get
        {
            int pages = 0;
            foreach (Sequence sequence in _running)
            {
                pages += sequence.Trunk.Lease.Count;
                foreach (Lane choice in sequence.Choices)
                    pages += choice.Lease.Count;
            }

            return pages - (_cache.Pool.Total - _cache.Available);
        }
    }

    /// <summary>
    /// After the step that is planned: of prompts and choices, and of what gave way. What waits counts in full, but for a prefix that is just being computed.
    /// </summary>
    public PrefillLeft PrefillLeft
    {
        get
        {
            PrefillLeft left = new(-_planned.All, -_planned.Interactive);
            foreach (Sequence sequence in _running)
            {
                if (!sequence.Decoding)
                    left = Plus(left, sequence, sequence.Trunk.Remaining + ChoicesLeft(sequence));
            }

            for (Sequence? sequence = _waiting.First; sequence is not null; sequence = sequence.Next)
                left = Plus(left, sequence, sequence.Trunk.Length - (sequence.Awaited is null ? 0 : sequence.AwaitedPositions) + ChoicesLeft(sequence));
            return new PrefillLeft(Math.Max(0, left.All), Math.Max(0, left.Interactive));
        }
    }

    private void TakeNoteOfPlanned()
    {
        _planned = default;
        ReadOnlySpan<Lane> lanes = _step.Lanes;
        for (int i = 0; i < lanes.Length; i++)
        {
            Sequence sequence = lanes[i].Owner;
            if (!sequence.Decoding)
                _planned = Plus(_planned, sequence, _step.Plan.SegmentRow[i + 1] - _step.Plan.SegmentRow[i]);
        }
    }

    private static int ChoicesLeft(Sequence sequence)
    {
        int tokens = 0;
        foreach (Lane choice in sequence.Choices)
            tokens += choice.Remaining;
        return tokens;
    }

    private static PrefillLeft Plus(PrefillLeft to, Sequence sequence, int tokens) =>
        new(to.All + tokens, to.Interactive + (sequence.Request.Class == 0 ? tokens : 0));
}
