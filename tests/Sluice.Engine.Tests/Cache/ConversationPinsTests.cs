using Sluice.Engine.Cache;
using Xunit;

namespace Sluice.Engine.Tests.Cache;

public sealed class ConversationPinsTests
{
    private static readonly CacheScope s_scope = new(1, 1);

    private readonly PrefixCache _cache = new(new PagePool(16), share: true);

    [Fact]
    public void A_conversation_outlives_younger_prefixes_that_nobody_named()
    {
        Keep(s_scope, 1, 3, "talk");
        Keep(s_scope, 2, 3);
        Keep(s_scope, 3, 3);
        Take(10);
        Assert.Equal(3, Matches(s_scope, 1));
        Assert.Equal(0, Matches(s_scope, 2));
    }

    [Fact]
    public void Under_pressure_the_least_recently_used_conversation_goes_and_blocks_nobody()
    {
        Keep(s_scope, 1, 3, "old");
        Keep(s_scope, 2, 3, "young");
        Keep(s_scope, 1, 3, "old"); // used again: now the younger
        Assert.Equal(16, _cache.Available);
        PrefixLease all = Take(13);
        Assert.Equal(3, Matches(s_scope, 1));
        Assert.Equal(0, Matches(s_scope, 2));
        _cache.Release(all);
        Take(16);
        Assert.Equal(0, Matches(s_scope, 1));
        Assert.Equal(0, _cache.Conversations.Pages);
    }

    [Fact]
    public void Who_may_not_make_it_forget_is_refused_and_takes_what_is_left()
    {
        Keep(s_scope, 1, 3, "talk");
        Keep(s_scope, 2, 3);
        PrefixLease lease = new(s_scope);
        Assert.False(_cache.TryGrow(lease, 14, forget: false));
        Assert.Equal((0, 3, 3), (lease.Count, Matches(s_scope, 1), Matches(s_scope, 2)));
        Assert.True(_cache.TryGrow(lease, 13, forget: false));
        Assert.Equal((3, 0), (Matches(s_scope, 1), Matches(s_scope, 2)));
        PrefixLease user = new(s_scope);
        _cache.Match(user, Tokens(1), 3);
        CacheAudit.Check(_cache, [lease, user]);
        Assert.False(_cache.TryGrow(user, 4, forget: false));
        _cache.Release(user);
        CacheAudit.Check(_cache, [lease]);
        Assert.True(_cache.TryGrow(lease, 14));
        Assert.Equal(0, _cache.Conversations.Idle);
        CacheAudit.Check(_cache, [lease]);
    }

    [Fact]
    public void The_next_turn_takes_the_place_of_the_last_and_a_new_beginning_lets_go_of_it()
    {
        Keep(s_scope, 1, 2, "talk");
        Keep(s_scope, 1, 4, "talk");
        Assert.Equal(4, _cache.Conversations.Pages);
        Keep(s_scope, 2, 1, "talk");
        Assert.Equal(1, _cache.Conversations.Pages);
        Assert.Equal(4, Matches(s_scope, 1));
        Take(15);
        Assert.Equal(0, Matches(s_scope, 1));
        Assert.Equal(1, Matches(s_scope, 2));
    }

    [Fact]
    public void What_two_conversations_have_in_common_stays_while_one_has_it()
    {
        Keep(s_scope, 1, 2, "a");
        Keep(s_scope, 1, 3, "b");
        Assert.Equal(3, _cache.Conversations.Pages);
        Keep(s_scope, 2, 1, "b");
        Take(13);
        Assert.Equal(2, Matches(s_scope, 1));
        Assert.Equal(1, Matches(s_scope, 2));
    }

    [Fact]
    public void Another_scope_has_its_own_conversations_of_the_name_and_finds_no_page_of_this_one()
    {
        CacheScope other = new(1, 2);
        Keep(s_scope, 1, 3, "talk");
        Keep(other, 1, 2, "talk");
        Assert.Equal(5, _cache.Conversations.Pages);
        Assert.Equal(3, Matches(s_scope, 1));
        Assert.Equal(2, Matches(other, 1));
        Assert.Equal(0, Matches(new CacheScope(2, 1), 1));
    }

    [Fact]
    public void At_most_half_of_the_pool_is_pinned()
    {
        Keep(s_scope, 1, 3, "a");
        Keep(s_scope, 2, 3, "b");
        Keep(s_scope, 3, 3, "c");
        Assert.Equal(6, _cache.Conversations.Pages); // a made room
        Keep(s_scope, 4, 12, "long");
        Assert.Equal(8, _cache.Conversations.Pages); // its first pages, alone
        Take(8);
        Assert.Equal(8, Matches(s_scope, 4));
        Assert.Equal(0, Matches(s_scope, 2));
    }

    [Fact]
    public void A_conversation_without_a_full_page_keeps_nothing()
    {
        Keep(s_scope, 1, 2, "talk");
        Keep(s_scope, 1, 0, "talk");
        Assert.Equal(0, _cache.Conversations.Pages);
    }

    private static int[] Tokens(int seed) => [.. Enumerable.Range(0, 16 * 16).Select(i => (seed * 1000) + i)];

    private int Matches(CacheScope scope, int seed) => _cache.CountMatch(scope, Tokens(seed), 16);

    private void Keep(CacheScope scope, int seed, int pages, string? conversation = null)
    {
        PrefixLease lease = new(scope);
        _cache.Match(lease, Tokens(seed), pages);
        Assert.True(_cache.TryGrow(lease, pages));
        _cache.Share(lease, Tokens(seed), pages);
        if (conversation is not null)
            _cache.Keep(lease, conversation);
        CacheAudit.Check(_cache, [lease]);
        _cache.Release(lease);
        CacheAudit.Check(_cache, []);
    }

    private PrefixLease Take(int pages)
    {
        PrefixLease lease = new(new CacheScope(7, 7));
        Assert.True(_cache.TryGrow(lease, pages));
        CacheAudit.Check(_cache, [lease]);
        return lease;
    }
}
