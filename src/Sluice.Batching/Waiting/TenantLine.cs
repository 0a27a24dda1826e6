namespace Sluice.Batching.Waiting;

/// <summary>One tenant's jobs in a lane, those that its share delays or those that it does not, most urgent first. It stands where its first job stands.</summary>
internal sealed class TenantLine(TenantShare share, bool delayed)
{
    public (TenantShare, bool) Key => (share, delayed);

    /// <summary>It goes behind the lines that are not ahead.</summary>
    public bool IsAhead => delayed && share.IsAhead;

    /// <summary>Deadlines of a tenant that has not had more than its share.</summary>
    public bool IsEntitled => !delayed && !share.IsAhead;

    public SortedSet<Entry> Members { get; } = new(Entry.ByDue);

    /// <summary>The most urgent; the line is in no lane while it has none.</summary>
    public Entry First { get; private set; } = null!;

    /// <summary>Looks again who is first; only while the line is in no lane.</summary>
    public void Settle() => First = Members.Min!;

    public static IComparer<TenantLine> ByFirst { get; } = Comparer<TenantLine>.Create(static (a, b) => Entry.ByDue.Compare(a.First, b.First));
}
