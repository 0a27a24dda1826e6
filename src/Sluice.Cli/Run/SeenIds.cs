using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Sluice.Service.Files;

namespace Sluice.Cli.Run;

/// <summary>
/// Which ids a file has had, in 8 bytes per slot (11 to 22 per id): 32 bits of a hash, of which 8 choose the part, and where the line begins. Where the hashes
/// of two ids are equal (a hundred times in a million lines) the earlier line is read again and the ids themselves are compared: no id is taken for another.
/// </summary>
/// <param name="idAt">The id of the line that begins at this byte.</param>
internal sealed class SeenIds(Func<long, CancellationToken, ValueTask<string?>> idAt)
{
    /// <summary>Lines begin before this byte.</summary>
    public const long MostBytes = (1L << OffsetBits) - 1;

    private const int OffsetBits = 40;
    private const int Parts = 256; // each grows by itself, so that old and new table are never both large

    // a slot: 24 bits of the hash, then the offset + 1; 0 is free
    private readonly ulong[][] _parts = [.. Enumerable.Range(0, Parts).Select(_ => new ulong[16])];
    private readonly int[] _counts = new int[Parts];

    /// <summary>What the table takes.</summary>
    public long Bytes => _parts.Sum(part => (long)part.Length * sizeof(ulong));

    /// <summary>False where the file has had this id. The hash is for tests that want two ids to share one.</summary>
    public async ValueTask<bool> AddAsync(string id, long offset, CancellationToken cancellationToken, uint? hash = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, MostBytes);
        uint key = hash ?? Hash(id);
        uint part = key >> 24, tag = key & 0xFFFFFF;
        if (4 * (_counts[part] + 1L) > 3L * _parts[part].Length) _parts[part] = Grown(_parts[part]);
        ulong[] slots = _parts[part];
        int at = (int)tag & (slots.Length - 1);
        for (; slots[at] != 0; at = (at + 1) & (slots.Length - 1))
        {
            if (slots[at] >> OffsetBits == tag && string.Equals(await idAt((long)(slots[at] & (ulong)MostBytes) - 1, cancellationToken), id, StringComparison.Ordinal))
                return false;
        }
        slots[at] = ((ulong)tag << OffsetBits) | (ulong)(offset + 1);
        _counts[part]++;
        return true;
    }

    private static uint Hash(string id)
    {
        Span<byte> bytes = stackalloc byte[Encoding.UTF8.GetMaxByteCount(BatchLineReader.MostIdCharacters)];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(id, bytes)], hash);
        return BinaryPrimitives.ReadUInt32LittleEndian(hash);
    }

    private static ulong[] Grown(ulong[] from)
    {
        ulong[] into = new ulong[checked(2 * from.Length)];
        foreach (ulong slot in from)
        {
            if (slot == 0) continue;
            int at = (int)(slot >> OffsetBits) & (into.Length - 1);
            while (into[at] != 0) at = (at + 1) & (into.Length - 1);
            into[at] = slot;
        }
        return into;
    }
}
