namespace Sluice.Batching.Waiting;

/// <summary>Jobs of one class in order: groups by their most urgent member, members by urgency.</summary>
internal sealed class Lane
{
    private readonly SortedSet<PrefixGroup> _groups = new(PrefixGroup.ByFirst);
    private readonly Dictionary<GroupKey, PrefixGroup> _byKey = [];

    public int Count { get; private set; }

    public void Add(Entry entry)
    {
        GroupKey key = GroupKey.Of(entry);
        if (_byKey.TryGetValue(key, out PrefixGroup? group))
        {
            _groups.Remove(group);
        }
        else
        {
            _byKey.Add(key, group = new PrefixGroup(key));
        }
        group.Members.Add(entry);
        group.Settle();
        _groups.Add(group);
        entry.Group = group;
        Count++;
    }

    public void Remove(Entry entry)
    {
        PrefixGroup group = entry.Group!;
        _groups.Remove(group);
        group.Members.Remove(entry);
        entry.Group = null;
        Count--;
        if (group.Members.Count == 0)
        {
            _byKey.Remove(group.Key);
            return;
        }
        group.Settle();
        _groups.Add(group);
    }

    /// <summary>The jobs in order; the lane must not change meanwhile.</summary>
    public IEnumerable<Entry> InOrder()
    {
        foreach (PrefixGroup group in _groups)
        {
            foreach (Entry entry in group.Members) yield return entry;
        }
    }
}
