using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sluice.Service.Queue;

/// <summary>Which worker consumes which shard: the one with the highest hash of its name and the shard. A worker that comes takes shards, one that goes leaves its own; no other moves.</summary>
internal static class ShardOwners
{
    /// <summary>The shards, 0 to <paramref name="shards"/> - 1, that are <paramref name="own"/>'s among these workers. The names are unique.</summary>
    public static IEnumerable<int> Of(string own, IReadOnlyCollection<string> workers, int shards) =>
        Enumerable.Range(0, shards).Where(shard => workers.MaxBy(worker => (Weight(worker, shard), worker)) == own);

    private static ulong Weight(string worker, int shard) =>
        BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{shard}|{worker}"))));
}
