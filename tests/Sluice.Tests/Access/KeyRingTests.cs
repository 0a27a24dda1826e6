using Microsoft.Extensions.Options;
using Sluice.Service.Access;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Tests.Access;

public sealed class KeyRingTests
{
    private readonly ManualTime _time = new();
    private readonly MemoryKeyStore _keys = new();
    private readonly KeyRing _ring;

    public KeyRingTests() => _ring = new KeyRing(_keys, Options.Create(new AccessOptions { Remember = TimeSpan.FromSeconds(15) }), _time);

    [Fact]
    public async Task A_key_names_its_tenant_and_scopes()
    {
        string text = await AddAsync("acme", KeyScopes.Read);
        Caller? caller = await _ring.FindAsync(text, CancellationToken.None);
        Assert.Equal(("acme", KeyScopes.Read), (caller!.Tenant, caller.Scopes));
        Assert.True(caller.May(KeyScopes.Read));
        Assert.False(caller.May(KeyScopes.Submit));
    }

    [Fact]
    public async Task A_revoked_key_goes_on_no_longer_than_it_is_remembered()
    {
        string text = await AddAsync("acme", KeyScopes.All);
        Assert.NotNull(await _ring.FindAsync(text, CancellationToken.None));
        Assert.True(await _keys.RevokeAsync(text.Split('_')[1], CancellationToken.None));

        _time.Advance(TimeSpan.FromSeconds(14));
        Assert.NotNull(await _ring.FindAsync(text, CancellationToken.None));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(await _ring.FindAsync(text, CancellationToken.None));
    }

    [Fact]
    public async Task A_key_made_later_is_found_at_once_though_it_was_asked_for_before()
    {
        (string text, ApiKey key) = ApiKeyText.Create("acme", KeyScopes.All, null, _time.GetUtcNow());
        Assert.Null(await _ring.FindAsync(text, CancellationToken.None));
        await _keys.AddAsync(key, CancellationToken.None);
        Assert.NotNull(await _ring.FindAsync(text, CancellationToken.None));
    }

    [Fact]
    public void Keys_are_random_and_their_secret_is_not_in_what_is_stored()
    {
        (string one, ApiKey first) = ApiKeyText.Create("acme", KeyScopes.All, null, _time.GetUtcNow());
        (string two, ApiKey second) = ApiKeyText.Create("acme", KeyScopes.All, null, _time.GetUtcNow());

        Assert.NotEqual(one, two);
        Assert.NotEqual(first.Id, second.Id);
        Assert.Matches("^sk_[0-9a-f]{16}_[0-9a-f]{48}$", one);
        Assert.Equal(32, first.Hash.Length);
        Assert.True(ApiKeyText.Matches(one, first));
        Assert.False(ApiKeyText.Matches(two, first));
    }

    private async Task<string> AddAsync(string tenant, KeyScopes scopes)
    {
        (string text, ApiKey key) = ApiKeyText.Create(tenant, scopes, null, _time.GetUtcNow());
        await _keys.AddAsync(key, CancellationToken.None);
        return text;
    }
}
