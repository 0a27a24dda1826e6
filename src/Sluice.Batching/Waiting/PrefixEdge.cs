namespace Sluice.Batching.Waiting;

/// <summary>A stretch of marks below a shared prefix: a job that waits, or a prefix that several share or that ran lately. Written by <see cref="PrefixTree"/> only.</summary>
internal abstract class PrefixEdge
{
    /// <summary>Null where it is in no tree, and of a root.</summary>
    public PrefixNode? Parent { get; set; }

    /// <summary>Of the same parent; null for the last.</summary>
    public PrefixEdge? Next { get; set; }

    /// <summary>Of the same parent; null for the first.</summary>
    public PrefixEdge? Previous { get; set; }

    /// <summary>The marks between the parent's end and its own; those of a job may be none.</summary>
    public long[] Marks { get; set; } = [];

    /// <summary>Hash of all marks up to and including its first; only where it has one.</summary>
    public long Key { get; set; }
}

/// <summary>A prefix, or the root of a scope, which has no marks. Waiting jobs that have it are below it.</summary>
internal sealed class PrefixNode : PrefixEdge
{
    /// <summary>Hash of its scope and of all marks up to its end.</summary>
    public long Path { get; set; }

    /// <summary>Marks up to its end; 0 for a root.</summary>
    public int Depth { get; set; }

    /// <summary>Jobs below it that wait.</summary>
    public int Waiting { get; set; }

    /// <summary>The tree's count of prompt tokens when a job with this prefix was last handed over; negative for never. At least that of every node below.</summary>
    public long RanAt { get; set; } = -1;

    /// <summary>Prompts that ran, are remembered, and end here.</summary>
    public int Ends { get; set; }

    /// <summary>
    /// Jobs below it that came before this one (<see cref="Entry.Number"/>) go with the prefix's turn, which lasts until none of them waits: it is computed once for all
    /// of them. Who comes later waits for the next turn, so that no prefix keeps the others out for ever.
    /// </summary>
    public long TurnEnds { get; set; }

    /// <summary>Jobs of its turn that wait.</summary>
    public int TurnWaits { get; set; }

    public bool HasTurn => TurnWaits > 0;

    /// <summary>The decision that last looked below it.</summary>
    public long SeenIn { get; set; }

    public PrefixEdge? First { get; set; }

    public PrefixEdge? Last { get; set; }

    public bool IsRoot => Depth == 0;
}
