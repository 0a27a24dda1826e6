namespace Sluice.Batching.Waiting;

/// <summary>Splitting and joining edges.</summary>
internal sealed partial class PrefixTree
{
    // before:  parent - [a b c d] edge          after:  parent - [a b] node - [c d] edge
    private PrefixNode Split(PrefixEdge edge, int at)
    {
        PrefixNode parent = edge.Parent!;
        PrefixNode node = new() { Marks = edge.Marks[..at], Depth = parent.Depth + at, Path = parent.Path };
        foreach (long mark in node.Marks) node.Path = Mix(node.Path, mark);
        if (edge is PrefixNode below) (node.Waiting, node.RanAt, node.TurnEnds, node.TurnWaits) = (below.Waiting, below.RanAt, below.TurnEnds, below.TurnWaits);
        else node.Waiting = 1;
        PrefixEdge? next = edge.Next;
        Detach(edge);
        Attach(node, parent, next);
        edge.Marks = edge.Marks[at..];
        Attach(edge, node);
        return node;
    }

    /// <summary>Drops the node where nothing is below it and no prompt that is remembered ends there, and joins it with the only edge below it, as long as no warm prefix is lost by that; then so on upwards.</summary>
    private void Tidy(PrefixNode node)
    {
        while (node.First is null && (node.Ends == 0 || IsCold(node)))
        {
            if (node.IsRoot)
            {
                _roots.Remove(node.Path);
                return;
            }
            PrefixNode parent = node.Parent!;
            Detach(node);
            node = parent;
        }
        if (node.IsRoot || node.First is not { Next: null } only || !(IsCold(node) || only is PrefixNode below && below.RanAt == node.RanAt)) return;
        PrefixNode above = node.Parent!;
        PrefixEdge? next = node.Next;
        Detach(only);
        Detach(node);
        only.Marks = [.. node.Marks, .. only.Marks];
        Attach(only, above, next);
    }

    // Before the edge that is named, or after all: the oldest job comes first.
    private void Attach(PrefixEdge edge, PrefixNode node, PrefixEdge? before = null)
    {
        edge.Parent = node;
        edge.Next = before;
        edge.Previous = before is null ? node.Last : before.Previous;
        if (edge.Previous is { } previous) previous.Next = edge;
        else node.First = edge;
        if (before is null) node.Last = edge;
        else before.Previous = edge;
        if (edge.Marks.Length == 0) return;
        edge.Key = Mix(node.Path, edge.Marks[0]);
        if (!_byKey.TryGetValue(edge.Key, out _)) _edges.Add(edge);
    }

    private void Detach(PrefixEdge edge)
    {
        if (edge.Previous is { } previous) previous.Next = edge.Next;
        else edge.Parent!.First = edge.Next;
        if (edge.Next is { } next) next.Previous = edge.Previous;
        else edge.Parent!.Last = edge.Previous;
        if (edge.Marks.Length > 0) _edges.Remove(edge);
        edge.Parent = null;
        edge.Next = edge.Previous = null;
    }
}
