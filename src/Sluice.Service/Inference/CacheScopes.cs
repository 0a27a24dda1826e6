using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Sluice.Engine;

namespace Sluice.Service.Inference;

/// <summary>
/// Who may share KV pages: jobs of one tenant and namespace. The first 128 bits of HMAC-SHA256, keyed by a secret of the server, over the length-prefixed names,
/// so that no caller can aim at another's pages and no two pairs of names run into each other.
/// </summary>
internal sealed class CacheScopes
{
    private readonly byte[] _secret;

    public CacheScopes(IOptions<WorkerOptions> options) =>
        _secret = options.Value.CacheSecret is { } secret ? SHA256.HashData(Encoding.UTF8.GetBytes(secret)) : RandomNumberGenerator.GetBytes(32);

    public CacheScope Of(string tenant, string space)
    {
        // version | bytes of tenant | tenant | bytes of namespace | namespace
        byte[] text = new byte[1 + 4 + Encoding.UTF8.GetByteCount(tenant) + 4 + Encoding.UTF8.GetByteCount(space)];
        text[0] = 1;
        int at = 1 + Write(text.AsSpan(1), tenant);
        Write(text.AsSpan(at), space);
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(_secret, text, hash);
        return new CacheScope(BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]));
    }

    private static int Write(Span<byte> target, string name)
    {
        int bytes = Encoding.UTF8.GetBytes(name, target[4..]);
        BinaryPrimitives.WriteInt32BigEndian(target, bytes);
        return 4 + bytes;
    }
}
