using System.Numerics;
using System.Runtime.InteropServices;

namespace Sluice.Cli.Run;

/// <summary>A set of line numbers, one bit each. Not for two threads.</summary>
internal sealed class LineSet
{
    private byte[] _bits = new byte[16];
    private int _dirtyFrom = int.MaxValue; // [_dirtyFrom, _dirtyTo) has changed
    private int _dirtyTo;

    public LineSet()
    {
    }

    /// <param name="bits">Bit n − 1 for line n, taken over.</param>
    public LineSet(byte[] bits)
    {
        _bits = bits;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bits)) Count += BitOperations.PopCount(word);
        foreach (byte last in bits.AsSpan(bits.Length & ~7)) Count += BitOperations.PopCount(last);
    }

    public long Count { get; private set; }

    public bool Contains(long line)
    {
        long at = (line - 1) >> 3;
        return at < _bits.Length && (_bits[at] & (1 << (int)((line - 1) & 7))) != 0;
    }

    /// <summary>False where it was in already.</summary>
    public bool Add(long line)
    {
        if (Contains(line)) return false;
        int at = checked((int)((line - 1) >> 3));
        if (at >= _bits.Length) Array.Resize(ref _bits, Math.Max(at + 1, checked(2 * _bits.Length)));
        _bits[at] |= (byte)(1 << (int)((line - 1) & 7));
        Count++;
        _dirtyFrom = Math.Min(_dirtyFrom, at);
        _dirtyTo = Math.Max(_dirtyTo, at + 1);
        return true;
    }

    public LineSet Copy() => new([.. _bits]);

    /// <summary>The bytes that have changed since the last call, and where they belong.</summary>
    public (int At, ReadOnlyMemory<byte> Bytes) TakeChanges()
    {
        if (_dirtyTo == 0) return (0, default);
        (int from, int to) = (_dirtyFrom, _dirtyTo);
        (_dirtyFrom, _dirtyTo) = (int.MaxValue, 0);
        return (from, _bits.AsMemory(from..to));
    }

    /// <summary>Counts all of it as changed.</summary>
    public void Touch() => (_dirtyFrom, _dirtyTo) = (0, _bits.Length);
}
