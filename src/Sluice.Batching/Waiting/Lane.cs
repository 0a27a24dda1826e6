namespace Sluice.Batching.Waiting;

/// <summary>Jobs in order: those of tenants that have had more than their share last, as far as their share delays them, each part by urgency.</summary>
internal sealed class Lane
{
    private readonly SortedSet<TenantLine> _lines = new(TenantLine.ByFirst);
    private readonly Dictionary<(TenantShare Share, bool Delayed), TenantLine> _byTenant = [];

    public int Count { get; private set; }

    public void Add(Entry entry)
    {
        if (_byTenant.TryGetValue((entry.Share, entry.IsDelayed), out TenantLine? line)) _lines.Remove(line);
        else _byTenant.Add((entry.Share, entry.IsDelayed), line = new TenantLine(entry.Share, entry.IsDelayed));
        line.Members.Add(entry);
        line.Settle();
        _lines.Add(line);
        entry.Line = line;
        Count++;
    }

    public void Remove(Entry entry)
    {
        TenantLine line = entry.Line!;
        _lines.Remove(line);
        line.Members.Remove(entry);
        entry.Line = null;
        Count--;
        if (line.Members.Count == 0)
        {
            _byTenant.Remove(line.Key);
            return;
        }
        line.Settle();
        _lines.Add(line);
    }

    /// <summary>The most urgent whatever its tenant has had; null when nobody waits.</summary>
    public Entry? First => _lines.Min?.First;

    /// <summary>The jobs in order; the lane must not change meanwhile.</summary>
    public IEnumerable<Entry> InOrder() => Merged(this);

    /// <summary>The jobs of several lanes in one order; the lanes must not change meanwhile.</summary>
    public static IEnumerable<Entry> Merged(params Lane[] lanes)
    {
        foreach (Entry entry in ByUrgency(lanes, static line => !line.IsAhead)) yield return entry;
        foreach (Entry entry in ByUrgency(lanes, static line => line.IsAhead)) yield return entry;
    }

    /// <summary>Jobs that must begin by <paramref name="until"/> to be safe, of tenants that have not had more than their share.</summary>
    public static IEnumerable<Entry> Entitled(long until, params Lane[] lanes) =>
        ByUrgency(lanes, static line => line.IsEntitled).TakeWhile(entry => entry.Due <= until);

    private static IEnumerable<Entry> ByUrgency(Lane[] lanes, Func<TenantLine, bool> which)
    {
        // a line is opened when it is its first job's turn
        PriorityQueue<(IEnumerator<Entry>? Open, IEnumerator<TenantLine>? Lines), Entry> turns = new(Entry.ByDue);
        foreach (Lane lane in lanes) EnqueueNext(lane._lines.GetEnumerator());
        while (turns.TryDequeue(out (IEnumerator<Entry>? Open, IEnumerator<TenantLine>? Lines) turn, out Entry? entry))
        {
            IEnumerator<Entry>? open = turn.Open;
            if (turn.Lines is { } lines)
            {
                open = lines.Current.Members.GetEnumerator();
                open.MoveNext();
                EnqueueNext(lines);
            }
            yield return entry;
            if (open!.MoveNext()) turns.Enqueue((open, null), open.Current);
        }

        void EnqueueNext(IEnumerator<TenantLine> lines)
        {
            while (lines.MoveNext())
            {
                if (!which(lines.Current)) continue;
                turns.Enqueue((null, lines), lines.Current.First);
                return;
            }
        }
    }
}
