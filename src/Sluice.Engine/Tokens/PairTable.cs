namespace Sluice.Engine.Tokens;

/// <summary>Merges by their pair of ids: an open-addressing table, read-only once filled.</summary>
internal sealed class PairTable
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    // Key: left id << 32 | right id, plus one so that zero means free. Value: rank << 32 | merged id.
    private readonly ulong[] _keys;
    private readonly ulong[] _values;
    private readonly int _shift;

    public PairTable(int count)
    {
        int bits = Math.Max(4, 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)count * 2));
        _keys = new ulong[1 << bits];
        _values = new ulong[1 << bits];
        _shift = 64 - bits;
    }

    /// <summary>Sets the merge of a pair; a later one replaces an earlier one.</summary>
    public void Set(int left, int right, int rank, int merged)
    {
        int slot = Slot(Key(left, right));
        _keys[slot] = Key(left, right);
        _values[slot] = ((ulong)(uint)rank << 32) | (uint)merged;
    }

    /// <summary>Rank and merged id as <c>rank &lt;&lt; 32 | id</c>, or <see cref="ulong.MaxValue"/> where the pair does not merge.</summary>
    public ulong Find(int left, int right)
    {
        int slot = Slot(Key(left, right));
        return _keys[slot] == 0 ? ulong.MaxValue : _values[slot];
    }

    private static ulong Key(int left, int right) => (((ulong)(uint)left << 32) | (uint)right) + 1;

    private int Slot(ulong key)
    {
        int slot = (int)((key * Multiplier) >> _shift);
        while (_keys[slot] != 0 && _keys[slot] != key)
            slot = (slot + 1) & (_keys.Length - 1);
        return slot;
    }
}
