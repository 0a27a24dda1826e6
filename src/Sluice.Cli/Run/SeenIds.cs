using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Sluice.Service.Files;

namespace Sluice.Cli.Run;

/// <summary>
/// Which ids a file has had, in 8 bytes per slot (9.4 to 12 per id): 34 bits of a hash, of which 10 choose the part, and where the line begins. Where those
/// bits of two ids are equal (thirty times in a million lines) the earlier line is read again and the ids themselves are compared: no id is taken for another.
/// </summary>
/// <param name="idAt">The id of the line that begins at this byte.</param>
internal sealed class SeenIds(Func<long, CancellationToken, ValueTask<string?>> idAt)
{
    /// <summary>Lines begin before this byte.</summary>
    public const long MostBytes = (1L << OffsetBits) - 1;

    private const int OffsetBits = 40;
    private const int TagBits = 24;
    private const int Parts = 1024; // each grows by itself and by a quarter, so that little is thrown away at a time

    // a slot: 24 bits of the hash, then the offset + 1; 0 is free
    private readonly ulong[][] _parts = [.. Enumerable.Range(0, Parts).Select(_ => new ulong[8])];
    private readonly int[] _counts = new int[Parts];

    /// <summary>What the table takes.</summary>
    public long Bytes => _parts.Sum(part => (long)part.Length * sizeof(ulong));

    /// <summary>What it would take for so many ids.</summary>
    public static long BytesFor(long ids) => 12 * ids;

    /// <summary>False where the file has had this id. The hash is for tests that want two ids to share one.</summary>
    public async ValueTask<bool> AddAsync(string id, long offset, CancellationToken cancellationToken, ulong? hash = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, MostBytes);
        ulong key = hash ?? Hash(id);
        int part = (int)(key >> 54);
        ulong tag = (key >> 24) & ((1 << TagBits) - 1);
        if (20 * (_counts[part] + 1L) > 17L * _parts[part].Length) _parts[part] = Grown(_parts[part]);
        ulong[] slots = _parts[part];
        int at = Home(tag, slots.Length);
        for (; slots[at] != 0; at = Next(at, slots.Length))
        {
            if (slots[at] >> OffsetBits == tag && string.Equals(await idAt((long)(slots[at] & (ulong)MostBytes) - 1, cancellationToken), id, StringComparison.Ordinal))
                return false;
        }
        slots[at] = (tag << OffsetBits) | (ulong)(offset + 1);
        _counts[part]++;
        return true;
    }

    private static ulong Hash(string id)
    {
        Span<byte> bytes = stackalloc byte[Encoding.UTF8.GetMaxByteCount(BatchLineReader.MostIdCharacters)];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(id, bytes)], hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    private static int Home(ulong tag, int length) => (int)((tag * (ulong)length) >> TagBits);

    private static int Next(int at, int length) => at + 1 == length ? 0 : at + 1;

    private static ulong[] Grown(ulong[] from)
    {
        ulong[] into = new ulong[checked(from.Length + (from.Length / 4))];
        foreach (ulong slot in from)
        {
            if (slot == 0) continue;
            int at = Home(slot >> OffsetBits, into.Length);
            while (into[at] != 0) at = Next(at, into.Length);
            into[at] = slot;
        }
        return into;
    }
}
