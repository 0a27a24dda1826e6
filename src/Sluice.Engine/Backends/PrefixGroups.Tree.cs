namespace Sluice.Engine.Backends;

/// <summary>How the tree is found and cut into pieces of work.</summary>
internal sealed unsafe partial class PrefixGroups
{
    // Members [first, first + count) have their leading pages up to this one in common.
    private void Grow(int first, int count, int page, int parent)
    {
        Span<int> members = _members.AsSpan(first, count);
        Span<int> keys = _keys.AsSpan(first, count);
        for (int i = 0; i < count; i++)
            keys[i] = Pages(members[i]) > page ? Table(members[i])[page] : -1;
        keys.Sort(members);
        int start = 0;
        while (start < count && keys[start] < 0)
            start++;
        while (start < count)
        {
            int run = 1;
            while (start + run < count && keys[start + run] == keys[start])
                run++;
            if (run > 1)
                GrowRun(first + start, run, page, parent);
            start += run;
        }
    }

    private void GrowRun(int first, int count, int page, int parent)
    {
        ReadOnlySpan<int> table = Table(_members[first])[page..];
        for (int i = 1; i < count; i++)
            table = table[..table.CommonPrefixLength(Table(_members[first + i])[page..])];
        int to = page + table.Length;
        Grow(first, count, to, TryAdd(first, count, to, parent));
    }

    /// <summary>The new node, or the parent where a node would not pay or has no room.</summary>
    private int TryAdd(int first, int count, int to, int parent)
    {
        int from = parent < 0 ? 0 : _nodes[parent].To;
        int level = parent < 0 ? 0 : _nodes[parent].Level + 1;
        int queries = 0;
        for (int i = 0; i < count; i++)
            queries += Queries(_members[first + i]);
        long saved = (count - 1L) * (to - from) * _shape.PageBytes;
        long spent = 2L * 2 * queries * FoldFloats(_shape) * sizeof(float);
        int folds = parent < 0 ? 2 * queries * _shape.KvHeads : 0;
        if (saved < spent + NodeBytes || level == MaxLevels || _count == _nodes.Length || _used + folds > _capacity)
            return parent;
        _used += folds;
        return Add(first, count, from, to, parent, level, queries);
    }

    private int Add(int first, int count, int from, int to, int parent, int level, int queries)
    {
        _nodes[_count] = new PrefixNode { First = first, Count = count, From = from, To = to, Parent = parent, Level = level, Queries = queries };
        for (int i = 0; i < count; i++)
            _deepest[_members[first + i]] = _count;
        Levels = Math.Max(Levels, level + 1);
        SavedPositions += (count - 1L) * (to - from) * Sequences.StepPlan.PageTokens;
        return _count++;
    }

    // A tile by itself whose pages are worth being shared out: up to its last whole stretch.
    private void AddLongTiles(int members)
    {
        for (int i = 0; i < members; i++)
        {
            int tile = _members[i];
            int to = Pages(tile) / StretchPages * StretchPages;
            int folds = Queries(tile) * _shape.KvHeads * 2;
            if (_deepest[tile] >= 0 || to < 2 * StretchPages || _count == _nodes.Length || _used + folds > _capacity)
                continue;
            _used += folds;
            Add(i, 1, 0, to, parent: -1, level: 0, Queries(tile));
        }
    }

    // Pieces of work if no run of pages is cut.
    private int Items()
    {
        int items = _step.Tiles;
        for (int i = 0; i < _count; i++)
            items -= _nodes[i].Parent < 0 ? _nodes[i].Count - Chunks(_nodes[i].Queries, _nodes[i].Count) : 0;
        return items * _shape.KvHeads;
    }

    // Only a node that begins at position 0 is cut: it has nearly all that is read where work is scarce.
    private void Divide(ref PrefixNode node, bool scarce, ref int fold)
    {
        node.Chunks = Chunks(node.Queries, node.Count);
        node.Pieces = 1;
        node.Folds = 2;
        if (node.Parent >= 0)
            return;
        int stretches = (node.To + StretchPages - 1) / StretchPages;
        int more = node.Queries * _shape.KvHeads * (stretches - 2);
        if (scarce && stretches > 1 && _used + more <= _capacity)
        {
            _used += more;
            node.Pieces = node.Folds = stretches;
        }

        foreach (int tile in Members(node))
        {
            _firstFold[tile] = fold;
            _foldsEach[tile] = node.Folds;
            fold += Queries(tile) * _shape.KvHeads * node.Folds;
        }
    }

    // As many as make the workers' shares even, if that leaves enough queries to each.
    private int Chunks(int queries, int count)
    {
        int chunks = Math.Min(count, (queries + ChunkQueries - 1) / ChunkQueries);
        while (chunks * _shape.KvHeads % _shape.Workers != 0 && chunks < count && queries / (chunks + 1) >= MostQueries)
            chunks++;
        return chunks;
    }
}
