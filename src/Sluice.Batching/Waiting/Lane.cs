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

    /// <summary>The first in order; null in an empty lane.</summary>
    public Entry? First => _groups.Min?.First;

    /// <summary>The jobs in order; the lane must not change meanwhile.</summary>
    public IEnumerable<Entry> InOrder()
    {
        foreach (PrefixGroup group in _groups)
        {
            foreach (Entry entry in group.Members) yield return entry;
        }
    }

    /// <summary>The jobs of two lanes in one order, each group whole; the lanes must not change meanwhile.</summary>
    public static IEnumerable<Entry> Merged(Lane one, Lane other)
    {
        SortedSet<PrefixGroup>.Enumerator left = one._groups.GetEnumerator(), right = other._groups.GetEnumerator();
        bool hasLeft = left.MoveNext(), hasRight = right.MoveNext();
        while (hasLeft || hasRight)
        {
            bool takeLeft = hasLeft && (!hasRight || PrefixGroup.ByFirst.Compare(left.Current, right.Current) <= 0);
            PrefixGroup group = takeLeft ? left.Current : right.Current;
            foreach (Entry entry in group.Members) yield return entry;
            if (takeLeft) hasLeft = left.MoveNext();
            else hasRight = right.MoveNext();
        }
    }
}
