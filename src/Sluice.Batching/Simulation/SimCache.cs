namespace Sluice.Batching.Simulation;

/// <summary>
/// KV pages of a simulated engine: those of one sequence, and those of prefix blocks, which sequences share and which stay until their pages are needed.
/// Whoever holds a block holds all before it, so the least recently used free block never has one behind it that is held.
/// </summary>
internal sealed class SimCache(int pages, int blockPages)
{
    private readonly Dictionary<int, SimBlock> _blocks = [];
    private readonly LinkedList<SimBlock> _reclaimable = []; // least recently used first
    private int _free = pages;

    /// <summary>Pages that a new sequence could have.</summary>
    public int Available => _free + _reclaimable.Count * blockPages;

    /// <summary>Pages counted once more than they are there, because blocks have several holders.</summary>
    public int Duplicates { get; private set; }

    public SimBlock? Find(int id) => _blocks.GetValueOrDefault(id);

    /// <summary>Leading blocks that are computed, or at least being computed where <paramref name="promised"/>.</summary>
    public int Match(int[] blocks, bool promised)
    {
        int count = 0;
        while (count < blocks.Length && _blocks.TryGetValue(blocks[count], out SimBlock? block) && (promised || block.Computed)) count++;
        return count;
    }

    public void Hold(SimBlock block)
    {
        if (block.Holders++ > 0) Duplicates += blockPages;
        if (block.Place is { } place)
        {
            _reclaimable.Remove(place);
            block.Place = null;
        }
    }

    /// <summary>Adds a block that its first holder will compute; there must be room.</summary>
    public void Add(int id)
    {
        TakePages(blockPages);
        _blocks.Add(id, new SimBlock(id) { Holders = 1 });
    }

    /// <summary>Lets go of a block; one that was never computed is gone with its last holder.</summary>
    public void Release(SimBlock block)
    {
        if (--block.Holders > 0)
        {
            Duplicates -= blockPages;
        }
        else if (block.Computed)
        {
            block.Place = _reclaimable.AddLast(block);
        }
        else
        {
            _blocks.Remove(block.Id);
            _free += blockPages;
        }
    }

    /// <summary>Takes pages for one sequence; there must be room.</summary>
    public void TakePages(int count)
    {
        while (_free < count)
        {
            SimBlock oldest = _reclaimable.First!.Value;
            _reclaimable.RemoveFirst();
            _blocks.Remove(oldest.Id);
            _free += blockPages;
        }
        _free -= count;
    }

    public void GivePages(int count) => _free += count;
}

/// <summary>The pages of one prefix block.</summary>
internal sealed class SimBlock(int id)
{
    public int Id => id;
    public int Holders { get; set; }
    public bool Computed { get; set; }
    public LinkedListNode<SimBlock>? Place { get; set; }
}
