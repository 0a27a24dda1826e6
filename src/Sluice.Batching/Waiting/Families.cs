namespace Sluice.Batching.Waiting;

/// <summary>
/// Prefix families of what waits and of what ran lately. A family is warm until as many prompt tokens have been handed over since as the KV pages hold:
/// then its pages are likely to be another's. No more than <see cref="MostWarm"/> are: short prompts that share nothing would leave one each, and every decision looks at all.
/// </summary>
internal sealed class Families
{
    public const int MostWarm = 4096;

    private readonly Dictionary<FamilyKey, Family> _byKey = [];
    private readonly LinkedList<Family> _warm = []; // longest ago first
    private readonly Dictionary<Family, LinkedListNode<Family>> _places = [];
    private long _tokens;

    public void Add(Entry entry)
    {
        if (entry.Job.Chain.IsEmpty) return;
        FamilyKey key = new(entry.Job.Scope, entry.Job.PrefixKey);
        if (!_byKey.TryGetValue(key, out Family? family)) _byKey.Add(key, family = new Family(key));
        family.Join(entry);
    }

    public void Remove(Entry entry)
    {
        if (entry.Family is not { } family) return;
        family.Leave(entry);
        if (family.Members.Count == 0 && !_places.ContainsKey(family)) _byKey.Remove(family.Key);
    }

    /// <summary>Tokens of the entry's prompt that are likely to be in pages already.</summary>
    public static int Cached(Entry entry) => entry.Family is { RanAt: >= 0 } family ? family.Shared(entry.Job) : 0;

    /// <summary>Takes note that the entry is handed over; it still is in its family.</summary>
    public void Ran(Entry entry, int cached)
    {
        _tokens += entry.Job.PromptTokens - cached;
        if (entry.Family is not { } family) return;
        family.RanAt = _tokens;
        family.Ran(entry.Job);
        if (_places.Remove(family, out LinkedListNode<Family>? place)) _warm.Remove(place);
        _places.Add(family, _warm.AddLast(family));
        if (_warm.Count > MostWarm) ForgetFirst();
    }

    /// <summary>Families that are known: those that have members, and those that are warm.</summary>
    public int Count => _byKey.Count;

    /// <summary>Forgets families that ran more than <paramref name="kept"/> prompt tokens ago; hands out the others, longest ago first.</summary>
    public IEnumerable<Family> Warm(long kept)
    {
        while (_warm.First is { } first && _tokens - first.Value.RanAt > kept) ForgetFirst();
        for (LinkedListNode<Family>? node = _warm.First; node is not null; node = node.Next)
        {
            if (node.Value.Members.Count > 0) yield return node.Value;
        }
    }

    private void ForgetFirst()
    {
        Family family = _warm.First!.Value;
        _warm.RemoveFirst();
        _places.Remove(family);
        family.RanAt = -1;
        if (family.Members.Count == 0) _byKey.Remove(family.Key);
    }
}
