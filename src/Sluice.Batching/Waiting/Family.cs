namespace Sluice.Batching.Waiting;

/// <summary>Whose prefix it is and where it begins: jobs of one family share at least what <see cref="WaitingJob.PrefixKey"/> stands for.</summary>
internal readonly record struct FamilyKey(long Scope, long Prefix);

/// <summary>Jobs whose prompts begin alike, those that wait and the prefixes of the latest that ran.</summary>
internal sealed class Family(FamilyKey key)
{
    private const int Remembered = 4;
    private readonly ReadOnlyMemory<long>[] _ran = new ReadOnlyMemory<long>[Remembered];
    private int _turns;

    public FamilyKey Key => key;

    /// <summary>Those that wait, in no order.</summary>
    public List<Entry> Members { get; } = [];

    /// <summary>The prompt tokens handed over, of all jobs, when one of it last ran; negative when none did.</summary>
    public long RanAt { get; set; } = -1;

    /// <summary>
    /// Members that came before this one (<see cref="Entry.Number"/>) go with the family's turn, which lasts until none of them waits: its prefix is computed once
    /// for all of them. Who comes later waits for the next turn, so that no family keeps the others out for ever.
    /// </summary>
    public long TurnEnds { get; private set; }

    /// <summary>Some of its turn still wait, as far as the last look showed.</summary>
    public bool HasTurn { get; set; }

    /// <summary>Begins a turn, unless one lasts. <paramref name="next"/> is the number that the next entry will have.</summary>
    public void BeginTurn(long next)
    {
        if (HasTurn) return;
        TurnEnds = next;
        HasTurn = true;
    }

    public void Ran(WaitingJob job) => _ran[_turns++ % Remembered] = job.Chain;

    /// <summary>Tokens that the job's prompt shares with one that ran.</summary>
    public int Shared(WaitingJob job)
    {
        int most = 0;
        foreach (ReadOnlyMemory<long> chain in _ran) most = Math.Max(most, chain.Span.CommonPrefixLength(job.Chain.Span));
        return Math.Min(job.PromptTokens - 1, most * job.ChainTokens);
    }

    public void Join(Entry entry)
    {
        entry.Place = Members.Count;
        Members.Add(entry);
        entry.Family = this;
    }

    public void Leave(Entry entry)
    {
        Entry last = Members[^1];
        Members[entry.Place] = last;
        last.Place = entry.Place;
        Members.RemoveAt(Members.Count - 1);
        entry.Family = null;
    }
}
