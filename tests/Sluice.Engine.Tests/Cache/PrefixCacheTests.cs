using Sluice.Engine.Cache;
using Xunit;

namespace Sluice.Engine.Tests.Cache;

public sealed class PrefixCacheTests
{
    private static readonly CacheScope s_scope = new(1, 1);

    private readonly PrefixCache _cache = new(new PagePool(8), share: true);

    [Fact]
    public void Only_full_pages_of_an_equal_prefix_match()
    {
        int[] tokens = [.. Enumerable.Range(0, 40)];
        Keep(s_scope, tokens, 2);
        Assert.Equal(2, _cache.CountMatch(s_scope, tokens, 2));
        Assert.Equal(1, _cache.CountMatch(s_scope, tokens, 1));
        tokens[20] = 99;
        Assert.Equal(1, _cache.CountMatch(s_scope, tokens, 2));
        tokens[3] = 99;
        Assert.Equal(0, _cache.CountMatch(s_scope, tokens, 2));
        CacheAudit.Check(_cache, []);
    }

    [Fact]
    public void Another_scope_finds_nothing()
    {
        int[] tokens = [.. Enumerable.Range(0, 32)];
        Keep(s_scope, tokens, 2);
        Assert.Equal(0, _cache.CountMatch(new CacheScope(1, 2), tokens, 2));
        Assert.Equal(0, _cache.CountMatch(new CacheScope(2, 1), tokens, 2));
        CacheAudit.Check(_cache, []);
    }

    [Fact]
    public void The_least_recently_used_leaf_is_reclaimed_first()
    {
        int[] old = [.. Enumerable.Range(0, 48)];
        int[] young = [.. Enumerable.Range(100, 48)];
        Keep(s_scope, old, 3);
        Keep(s_scope, young, 3);
        PrefixLease lease = new(s_scope);
        Assert.True(_cache.TryGrow(lease, 4));
        Assert.Equal(1, _cache.CountMatch(s_scope, old, 3)); // two free pages, and the two last of the older prefix
        Assert.Equal(3, _cache.CountMatch(s_scope, young, 3));
        CacheAudit.Check(_cache, [lease]);
    }

    [Fact]
    public void A_page_in_use_is_never_reclaimed()
    {
        int[] tokens = [.. Enumerable.Range(0, 48)];
        Keep(s_scope, tokens, 3);
        PrefixLease user = new(s_scope);
        Assert.Equal(2, _cache.Match(user, tokens, 2));
        PrefixLease greedy = new(s_scope);
        Assert.False(_cache.TryGrow(greedy, 7));
        Assert.Equal(0, greedy.Count);
        Assert.True(_cache.TryGrow(greedy, 6));
        Assert.Equal(2, _cache.CountMatch(s_scope, tokens, 3));
        CacheAudit.Check(_cache, [user, greedy]);
    }

    [Fact]
    public void Two_that_computed_the_same_page_end_up_with_one()
    {
        int[] tokens = [.. Enumerable.Range(0, 32)];
        PrefixLease first = new(s_scope);
        PrefixLease second = new(s_scope);
        _cache.TryGrow(first, 2);
        _cache.TryGrow(second, 2);
        _cache.Share(first, tokens, 2);
        _cache.Share(second, tokens, 1);
        Assert.Equal(first.Pages[0], second.Pages[0]);
        Assert.NotEqual(first.Pages[1], second.Pages[1]);
        Assert.Equal(5, _cache.Pool.Free);
        CacheAudit.Check(_cache, [first, second]);
    }

    [Fact]
    public void Without_sharing_nothing_is_kept()
    {
        PrefixCache cache = new(new PagePool(4), share: false);
        PrefixLease lease = new(s_scope);
        cache.TryGrow(lease, 2);
        cache.Share(lease, new int[32], 2);
        cache.Release(lease);
        Assert.Equal(4, cache.Pool.Free);
        CacheAudit.Check(cache, []);
    }

    [Fact]
    public void A_page_given_back_twice_is_an_error()
    {
        PagePool pool = new(2);
        pool.TryTake(out int page);
        pool.Release(page);
        Assert.Throws<InvalidOperationException>(() => pool.Release(page));
        Assert.Throws<InvalidOperationException>(() => pool.Reference(page));
    }

    private void Keep(CacheScope scope, int[] tokens, int pages)
    {
        PrefixLease lease = new(scope);
        Assert.True(_cache.TryGrow(lease, pages));
        _cache.Share(lease, tokens, pages);
        _cache.Release(lease);
    }
}
