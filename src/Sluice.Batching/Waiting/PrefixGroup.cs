namespace Sluice.Batching.Waiting;

/// <summary>Which jobs stand together: one deadline (ticks; null for none left to make), one prefix, one owner of it.</summary>
internal readonly record struct GroupKey(long? Deadline, long Scope, long Prefix)
{
    public static GroupKey Of(Entry entry) =>
        new(entry.Dated ? entry.Job.Deadline!.Value.UtcTicks : null, entry.Job.Scope, entry.Job.PrefixKey);
}

/// <summary>Jobs of one <see cref="GroupKey"/>. A group stands where its most urgent member stands, so that it ages as its oldest one does and moves back when that one has left.</summary>
internal sealed class PrefixGroup(GroupKey key)
{
    private readonly SortedSet<Entry> _members = new(Entry.ByDue);

    public GroupKey Key { get; } = key;

    public SortedSet<Entry> Members => _members;

    /// <summary>The most urgent member; the group is in no lane while it has none.</summary>
    public Entry First { get; private set; } = null!;

    /// <summary>Looks again who is first; only while the group is in no lane.</summary>
    public void Settle() => First = _members.Min!;

    public static IComparer<PrefixGroup> ByFirst { get; } = Comparer<PrefixGroup>.Create(static (a, b) => Entry.ByDue.Compare(a.First, b.First));
}
