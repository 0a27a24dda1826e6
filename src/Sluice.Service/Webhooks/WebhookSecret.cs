using System.Security.Cryptography;

namespace Sluice.Service.Webhooks;

/// <summary>A signing key as its owner sees it, once: <c>whsec_</c> and base64 of 32 random bytes.</summary>
internal static class WebhookSecret
{
    public const string Prefix = "whsec_";
    public const int Bytes = 32;

    public static byte[] New() => RandomNumberGenerator.GetBytes(Bytes);

    public static string Text(byte[] secret) => Prefix + Convert.ToBase64String(secret);
}
