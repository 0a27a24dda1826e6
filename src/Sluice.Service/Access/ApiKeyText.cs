using System.Security.Cryptography;
using System.Text;
using Sluice.Store;

namespace Sluice.Service.Access;

/// <summary>A key as its owner sees it, <c>sk_{id}_{secret}</c>: id 16 hex digits, secret 48 (192 random bits). Only the SHA-256 of the whole text is stored.</summary>
public static class ApiKeyText
{
    public const string Prefix = "sk_";
    private const int IdBytes = 8;
    private const int SecretBytes = 24;
    private const int MaxLength = 256;

    /// <summary>A fresh key: the text to show once, and what to store of it.</summary>
    public static (string Text, ApiKey Key) Create(string tenant, KeyScopes scopes, string? name, DateTimeOffset now)
    {
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        string text = $"{Prefix}{id}_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes))}";
        return (text, new ApiKey(id, Hash(text), tenant, scopes, name, now));
    }

    /// <summary>The id within a key; false for what cannot be one. A chosen key (bootstrap) needs an id of 4 or more and a secret of 32 or more characters.</summary>
    public static bool TryReadId(ReadOnlySpan<char> text, out ReadOnlySpan<char> id)
    {
        id = default;
        if (text.Length > MaxLength || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }
        ReadOnlySpan<char> rest = text[Prefix.Length..];
        int end = rest.IndexOf('_');
        if (end < 4 || rest.Length - end - 1 < 32 || rest.ContainsAnyExceptInRange('!', '~'))
        {
            return false;
        }
        id = rest[..end];
        return true;
    }

    public static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    /// <summary>Compares in a time that does not depend on where they differ.</summary>
    public static bool Matches(string text, ApiKey key)
    {
        Span<byte> bytes = stackalloc byte[MaxLength * 3];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        int count = Encoding.UTF8.GetBytes(text, bytes);
        SHA256.HashData(bytes[..count], hash);
        return CryptographicOperations.FixedTimeEquals(hash, key.Hash);
    }
}
