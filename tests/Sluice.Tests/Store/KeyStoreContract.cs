using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>API keys.</summary>
public abstract class KeyStoreContract(StoreHost host) : StoreContract(host)
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_key_is_found_by_its_id_until_it_is_revoked()
    {
        ApiKey key = new("abc", Hash("secret"), Tenant, KeyScopes.Submit | KeyScopes.Read, "build", Noon);
        await Keys.AddAsync(key, Token);
        ApiKey? found = await Keys.FindAsync("abc", Token);
        Assert.Equal(key.Hash, found!.Hash);
        Assert.Equal(key with { Hash = [] }, found with { Hash = [] });
        Assert.Null(await Keys.FindAsync("abd", Token));
        Assert.True(await Keys.RevokeAsync("abc", Token));
        Assert.Null(await Keys.FindAsync("abc", Token));
        Assert.False(await Keys.RevokeAsync("abc", Token));
        Assert.Empty(await Keys.ListAsync(Token));
    }

    [Fact]
    public async Task Keys_are_listed_newest_first()
    {
        await Keys.AddAsync(new ApiKey("a", Hash("1"), Tenant, KeyScopes.All, null, Noon), Token);
        await Keys.AddAsync(new ApiKey("b", Hash("2"), Other, KeyScopes.Read, null, Noon.AddMinutes(1)), Token);
        await Keys.AddAsync(new ApiKey("c", Hash("3"), Tenant, KeyScopes.Admin, null, Noon.AddMinutes(-1)), Token);
        Assert.Equal(["b", "a", "c"], (await Keys.ListAsync(Token)).Select(k => k.Id));
    }

    [Fact]
    public async Task An_id_that_exists_is_refused()
    {
        ApiKey key = new("abc", Hash("secret"), Tenant, KeyScopes.All, null, Noon);
        await Keys.AddAsync(key, Token);
        await Assert.ThrowsAsync<ArgumentException>(() => Keys.AddAsync(key with { Tenant = Other }, Token));
        Assert.Equal(Tenant, (await Keys.FindAsync("abc", Token))!.Tenant);
    }
}
