using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Sluice.Service.Webhooks;

/// <summary>
/// Secrets at rest: AES-256-GCM. Layout: version 1 (1 byte), nonce (12), tag (16), ciphertext. Tenant and endpoint are authenticated,
/// so that a row copied to another endpoint does not open there.
/// </summary>
internal sealed class SecretBox
{
    public const int KeyBytes = 32;
    private const byte Version = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private readonly byte[]? _key;

    /// <param name="key">Null: nothing can be sealed or opened.</param>
    public SecretBox(byte[]? key) => _key = key;

    /// <summary>Whether there is a key.</summary>
    public bool IsReady => _key is not null;

    /// <summary>The configured key; in an embedded service without one, a key of its own.</summary>
    public static SecretBox Open(WebhookOptions options, bool embedded) =>
        new(TryReadKey(options.SecretKey, out byte[]? key) ? key : embedded ? RandomNumberGenerator.GetBytes(KeyBytes) : null);

    public static bool TryReadKey(string? text, out byte[]? key)
    {
        key = null;
        if (text is null || !Base64.IsValid(text, out int length) || length != KeyBytes)
        {
            return false;
        }
        key = Convert.FromBase64String(text);
        return true;
    }

    public byte[] Seal(byte[] secret, string tenant, Guid endpoint)
    {
        byte[] box = new byte[1 + NonceBytes + TagBytes + secret.Length];
        box[0] = Version;
        Span<byte> nonce = box.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using AesGcm cipher = Cipher();
        cipher.Encrypt(nonce, secret, box.AsSpan(1 + NonceBytes + TagBytes), box.AsSpan(1 + NonceBytes, TagBytes), Owner(tenant, endpoint));
        return box;
    }

    /// <summary>Throws <see cref="CryptographicException"/> for what was not sealed under this key for this endpoint.</summary>
    public byte[] Open(byte[] box, string tenant, Guid endpoint)
    {
        if (box.Length <= 1 + NonceBytes + TagBytes || box[0] != Version)
        {
            throw new CryptographicException("Not a sealed secret.");
        }
        byte[] secret = new byte[box.Length - 1 - NonceBytes - TagBytes];
        using AesGcm cipher = Cipher();
        cipher.Decrypt(box.AsSpan(1, NonceBytes), box.AsSpan(1 + NonceBytes + TagBytes), box.AsSpan(1 + NonceBytes, TagBytes), secret, Owner(tenant, endpoint));
        return secret;
    }

    private AesGcm Cipher() => new(_key ?? throw new CryptographicException("Webhooks:SecretKey is not set."), TagBytes);

    private static byte[] Owner(string tenant, Guid endpoint) => Encoding.UTF8.GetBytes($"{endpoint:N}\n{tenant}");
}
