using System.Security.Cryptography;
using System.Text;
using Sluice.Service.Webhooks;
using Xunit;

namespace Sluice.Tests.Webhooks;

public sealed class WebhookSignatureTests
{
    [Fact]
    public void The_specifications_example_gives_its_signature() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        WebhookSignature.Of("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"u8, [Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]));

    [Fact]
    public void Two_secrets_give_two_signatures_that_an_independent_receiver_accepts()
    {
        byte[] one = WebhookSecret.New(), two = WebhookSecret.New();
        string header = WebhookSignature.Of("evt_1", 1_700_000_000, "{}"u8, [one, two]);
        Assert.Equal(2, header.Split(' ').Length);
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_100);
        Assert.True(Receiver.Accepts(WebhookSecret.Text(one), "evt_1", "1700000000", header, "{}"u8.ToArray(), now));
        Assert.True(Receiver.Accepts(WebhookSecret.Text(two), "evt_1", "1700000000", header, "{}"u8.ToArray(), now));
        Assert.False(Receiver.Accepts(WebhookSecret.Text(WebhookSecret.New()), "evt_1", "1700000000", header, "{}"u8.ToArray(), now));
        Assert.False(Receiver.Accepts(WebhookSecret.Text(one), "evt_2", "1700000000", header, "{}"u8.ToArray(), now));
        Assert.False(Receiver.Accepts(WebhookSecret.Text(one), "evt_1", "1700000000", header, "{ }"u8.ToArray(), now));
        Assert.False(Receiver.Accepts(WebhookSecret.Text(one), "evt_1", "1700000000", header, "{}"u8.ToArray(), now.AddMinutes(10)));
    }

    [Fact]
    public void A_secret_is_32_random_bytes_and_opens_only_for_its_endpoint_and_key()
    {
        byte[] secret = WebhookSecret.New();
        Assert.Matches(@"\Awhsec_[A-Za-z0-9+/]{43}=\z", WebhookSecret.Text(secret));
        SecretBox box = SecretBox.Open(new WebhookOptions(), embedded: true), other = SecretBox.Open(new WebhookOptions(), embedded: true);
        Guid endpoint = Guid.NewGuid();
        byte[] closed = box.Seal(secret, "acme", endpoint);
        Assert.Equal(secret, box.Open(closed, "acme", endpoint));
        Assert.True(closed.AsSpan().IndexOf(secret.AsSpan(0, 8)) < 0);
        Assert.NotEqual(closed, box.Seal(secret, "acme", endpoint));
        Assert.ThrowsAny<CryptographicException>(() => box.Open(closed, "rival", endpoint));
        Assert.ThrowsAny<CryptographicException>(() => box.Open(closed, "acme", Guid.NewGuid()));
        Assert.ThrowsAny<CryptographicException>(() => other.Open(closed, "acme", endpoint));
        closed[^1] ^= 1;
        Assert.ThrowsAny<CryptographicException>(() => box.Open(closed, "acme", endpoint));
        Assert.ThrowsAny<CryptographicException>(() => box.Open([], "acme", endpoint));
        Assert.False(SecretBox.Open(new WebhookOptions(), embedded: false).IsReady);
    }
}

/// <summary>A receiver by the specification, sharing nothing with the sender: its HMAC is put together from SHA-256.</summary>
internal static class Receiver
{
    private static readonly TimeSpan s_tolerance = TimeSpan.FromMinutes(5);

    public static bool Accepts(string secret, string id, string timestamp, string signatures, byte[] body, DateTimeOffset now)
    {
        byte[] key = Convert.FromBase64String(secret.Split('_')[1]);
        byte[] expected = Hmac(key, [.. Encoding.ASCII.GetBytes(id), (byte)'.', .. Encoding.ASCII.GetBytes(timestamp), (byte)'.', .. body]);
        bool recent = (now - DateTimeOffset.FromUnixTimeSeconds(long.Parse(timestamp, System.Globalization.CultureInfo.InvariantCulture))).Duration() <= s_tolerance;
        return recent && signatures.Split(' ').Any(part => part.StartsWith("v1,", StringComparison.Ordinal) && Convert.FromBase64String(part[3..]).SequenceEqual(expected));
    }

    private static byte[] Hmac(byte[] key, byte[] text)
    {
        const int Block = 64;
        byte[] padded = [.. key.Length > Block ? SHA256.HashData(key) : key];
        Array.Resize(ref padded, Block);
        byte[] inner = SHA256.HashData([.. padded.Select(b => (byte)(b ^ 0x36)), .. text]);
        return SHA256.HashData([.. padded.Select(b => (byte)(b ^ 0x5c)), .. inner]);
    }
}
