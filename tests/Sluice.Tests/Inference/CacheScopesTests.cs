using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Sluice.Engine;
using Sluice.Service.Inference;
using Xunit;

namespace Sluice.Tests.Inference;

public sealed class CacheScopesTests
{
    private static CacheScopes With(string? secret) => new(Options.Create(new WorkerOptions { CacheSecret = secret }));

    [Fact]
    public void One_secret_gives_one_scope_per_tenant_and_namespace()
    {
        CacheScope scope = With("salt").Of("acme", "default");
        Assert.Equal(scope, With("salt").Of("acme", "default"));
        Assert.NotEqual(scope, With("salt").Of("rival", "default"));
        Assert.NotEqual(scope, With("salt").Of("acme", "other"));
        Assert.NotEqual(scope, With("pepper").Of("acme", "default"));
    }

    [Theory]
    [InlineData("ab", "c", "a", "bc")]
    [InlineData("a", "", "", "a")]
    [InlineData("a", "b", "b", "a")]
    public void Names_do_not_run_into_each_other(string tenant, string space, string otherTenant, string otherSpace) =>
        Assert.NotEqual(With("salt").Of(tenant, space), With("salt").Of(otherTenant, otherSpace));

    [Fact]
    public void Without_a_secret_every_process_has_its_own() => Assert.NotEqual(With(null).Of("acme", "default"), With(null).Of("acme", "default"));

    [Fact]
    public void It_is_the_first_half_of_the_keyed_hash_of_the_length_prefixed_names()
    {
        byte[] text = [1, 0, 0, 0, 5, .. "gr\u00f6n"u8, 0, 0, 0, 1, (byte)'n'];
        byte[] hash = HMACSHA256.HashData(SHA256.HashData("salt"u8), text);
        CacheScope expected = new(BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash.AsSpan(8)));
        Assert.Equal(expected, With("salt").Of("gr\u00f6n", "n"));
    }
}
