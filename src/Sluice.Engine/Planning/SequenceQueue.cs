namespace Sluice.Engine.Planning;

/// <summary>Waiting sequences in their order, linked through themselves: nothing is allocated, and any can leave at once.</summary>
internal sealed class SequenceQueue
{
    private Sequence? _last;

    public Sequence? First { get; private set; }

    public int Count { get; private set; }

    /// <summary>Puts it behind everything that goes before it.</summary>
    public void Add(Sequence sequence)
    {
        Sequence? before = _last;
        if (before is not null && First!.Order > sequence.Order)
            before = null; // the common case of one that gives way: it goes before all that wait
        while (before is not null && before.Order > sequence.Order)
            before = before.Previous;
        sequence.Previous = before;
        sequence.Next = before is null ? First : before.Next;
        if (sequence.Next is null)
            _last = sequence;
        else
            sequence.Next.Previous = sequence;
        if (before is null)
            First = sequence;
        else
            before.Next = sequence;
        Count++;
    }

    public void Remove(Sequence sequence)
    {
        if (sequence.Previous is null)
            First = sequence.Next;
        else
            sequence.Previous.Next = sequence.Next;
        if (sequence.Next is null)
            _last = sequence.Previous;
        else
            sequence.Next.Previous = sequence.Previous;
        sequence.Previous = sequence.Next = null;
        Count--;
    }
}
