using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sluice.Service.Webhooks;

/// <summary>Standard Webhooks 1.0.0: <c>v1,</c> and base64 of HMAC-SHA256 over <c>id.timestamp.body</c>, one for each secret, separated by spaces.</summary>
internal static class WebhookSignature
{
    public const string IdHeader = "webhook-id";
    public const string TimestampHeader = "webhook-timestamp";
    public const string SignatureHeader = "webhook-signature";

    /// <param name="id">Holds no dot.</param>
    /// <param name="timestamp">Unix seconds of the attempt.</param>
    /// <param name="body">As sent.</param>
    /// <param name="secrets">Raw keys, newest first.</param>
    public static string Of(string id, long timestamp, ReadOnlySpan<byte> body, IReadOnlyList<byte[]> secrets)
    {
        byte[] head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}."));
        byte[] signed = [.. head, .. body];
        return string.Join(' ', secrets.Select(secret => $"v1,{Convert.ToBase64String(HMACSHA256.HashData(secret, signed))}"));
    }
}
