using Sluice.Engine.Cache;
using Xunit;

namespace Sluice.Engine.Tests.Cache;

/// <summary>
/// Random operations on pool, tree and conversations against <see cref="PlainCache"/>: what matches, which page goes next, and that nobody ever finds
/// anything in a page but what its own text wrote there.
/// </summary>
public sealed class CacheModelTests
{
    private const int Pages = 14;

    // Start, grow, compute, share, fork, preempt, end, guess: more that take than that give, so that the pool is often full.
    private static readonly int[] s_operations = [0, 0, 1, 1, 1, 2, 2, 2, 3, 4, 5, 6, 7];

    private readonly PrefixCache _cache = new(new PagePool(Pages), share: true);
    private readonly PlainCache _plain = new(Pages);
    private readonly List<Holder> _holders = [];
    private readonly List<Holder> _preempted = [];
    private readonly int[] _holdersOf = new int[Pages];
    private readonly long[] _done = new long[8];
    private long _matched, _refused, _kept;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_quarter_of_a_million_random_operations_lose_and_mix_up_no_page(int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < 250_000;)
        {
            int operation = s_operations[random.Next(s_operations.Length)];
            bool fresh = operation == 0 && _holders.Count < 8;
            if (!fresh && (operation == 0 || _holders.Count == 0))
                continue;
            _done[operation]++;
            i++;
            Holder holder = fresh ? Start(random) : _holders[random.Next(_holders.Count)];
            switch (operation)
            {
                case 1:
                    Grow(holder, random.Next(1, 3));
                    break;
                case 2:
                    Compute(holder, random.Next(1, 40));
                    break;
                case 3:
                    Share(holder);
                    break;
                case 4:
                    Fork(holder, random);
                    break;
                case 5:
                    Preempt(holder);
                    break;
                case 6:
                    End(holder, random);
                    break;
                case 7:
                    Guess(holder, random.Next(1, 3));
                    break;
            }

            if (i % 50 == 0)
                Compare();
        }

        while (_holders.Count > 0)
            End(_holders[0], random);
        Compare();
        Assert.Equal(Pages, _cache.Available);
        Assert.All(_done, count => Assert.True(count > 10_000, $"operations of each kind: {string.Join(' ', _done)}"));
        Assert.True(_kept > 100, $"{_kept} guesses got no page for a conversation's sake");
        Assert.True(_matched > 10_000 && _refused > 500 && _plain.Evictions > 5_000, $"{_matched} matched pages, {_refused} refusals, {_plain.Evictions} evictions");
    }

    private Holder Start(Random random)
    {
        Holder holder = _preempted.Count > 0 ? _preempted[^1] : new Holder(random);
        _preempted.Remove(holder);
        int most = random.Next(PlainCache.Depth + 1);
        int expected = 0;
        while (expected < most && _plain.PageOf(holder.Key(expected + 1)) >= 0)
            expected++;
        Assert.Equal(expected, _cache.CountMatch(holder.Lease.Scope, holder.Tokens, most));
        Assert.Equal(expected, _cache.Match(holder.Lease, holder.Tokens, most));
        for (int i = 0; i < expected; i++)
        {
            Assert.Equal(_plain.PageOf(holder.Key(i + 1)), holder.Lease.Pages[i]);
            _holdersOf[holder.Lease.Pages[i]]++;
        }

        _plain.Touch(holder.Scope, holder.Digits, expected);
        holder.Computed = expected * PlainCache.PageTokens;
        _holders.Add(holder);
        _matched += expected;
        Read(holder);
        return holder;
    }

    // Pages for guesses: a conversation is worth more. What falls is written all the same, and the pages behind what is known go back.
    private void Guess(Holder holder, int by)
    {
        if (Grow(holder, by, forget: false))
        {
            for (int position = holder.Computed; position < holder.Lease.Count * PlainCache.PageTokens; position++)
            {
                (int page, int slot) = Math.DivRem(position, PlainCache.PageTokens);
                _plain.Write(holder.Lease.Pages[page], slot, holder.Key(page), holder.Tokens[position] ^ 1);
            }
        }

        int pages = (holder.Computed + PlainCache.PageTokens - 1) / PlainCache.PageTokens;
        int[] fallen = holder.Lease.Pages[pages..].ToArray();
        _cache.Shrink(holder.Lease, pages);
        Assert.Equal(pages, holder.Lease.Count);
        foreach (int page in fallen)
        {
            _holdersOf[page]--;
            Assert.Equal((0, 0), (_holdersOf[page], _cache.Pool.References(page)));
        }

        Read(holder);
    }

    private bool Grow(Holder holder, int by, bool forget = true)
    {
        int had = holder.Lease.Count;
        int pages = Math.Min(PlainCache.Depth, had + by);
        int held = _holdersOf.Count(holders => holders > 0);
        int free = Pages - held - _plain.KeptPages.Count(page => _holdersOf[page] == 0);
        int kept = forget ? 0 : _plain.PinnedPages.Count(page => _holdersOf[page] == 0);
        bool fits = pages - had <= Pages - held - kept;
        Assert.Equal(fits, _cache.TryGrow(holder.Lease, pages, forget));
        if (!fits)
        {
            _refused++;
            _kept += pages - had <= Pages - held ? 1 : 0;
            return false;
        }

        _plain.Evict(Math.Max(0, pages - had - free), page => _holdersOf[page] > 0);
        foreach (int page in _plain.KeptPages)
            Assert.NotNull(_cache.Tree.OfPage(page));
        foreach (int page in holder.Lease.Pages[had..])
        {
            Assert.Equal(0, _holdersOf[page]);
            Assert.Null(_cache.Tree.OfPage(page));
            _holdersOf[page]++;
        }

        return true;
    }

    private void Compute(Holder holder, int tokens)
    {
        Read(holder);
        for (int end = Math.Min(holder.Computed + tokens, holder.Lease.Count * PlainCache.PageTokens); holder.Computed < end; holder.Computed++)
        {
            (int page, int slot) = Math.DivRem(holder.Computed, PlainCache.PageTokens);
            int physical = holder.Lease.Pages[page];
            Assert.Equal(1, _holdersOf[physical]); // nobody else reads where this one writes
            Assert.Null(_cache.Tree.OfPage(physical));
            _plain.Write(physical, slot, holder.Key(page), holder.Tokens[holder.Computed]);
        }
    }

    private void Read(Holder holder)
    {
        for (int position = 0; position < holder.Computed; position++)
        {
            (int page, int slot) = Math.DivRem(position, PlainCache.PageTokens);
            Assert.True(_plain.Holds(holder.Lease.Pages[page], slot, holder.Key(page), holder.Tokens[position]), $"position {position} is not what was written");
        }
    }

    private void Share(Holder holder)
    {
        int full = holder.Computed / PlainCache.PageTokens;
        bool changes = holder.Lease.Shared < full;
        int[] before = holder.Lease.Pages.ToArray();
        _cache.Share(holder.Lease, holder.Tokens, full);
        if (!changes)
            return;
        for (int i = 0; i < full; i++)
        {
            int key = holder.Key(i + 1);
            if (_plain.PageOf(key) < 0)
                _plain.Keep(key, before[i]);
            Assert.Equal(_plain.PageOf(key), holder.Lease.Pages[i]);
            _holdersOf[before[i]]--;
            _holdersOf[holder.Lease.Pages[i]]++;
        }

        _plain.Touch(holder.Scope, holder.Digits, full);
        Read(holder);
    }

    // Another text that is equal up to some token goes on in the full pages that both have, and in a copy of the page that the border falls into.
    private void Fork(Holder from, Random random)
    {
        if (_holders.Count == 8)
            return;
        Share(from); // as prompts are before their choices begin
        (int full, int rest) = Math.DivRem(from.Computed, PlainCache.PageTokens);
        Holder to = new(random, from, full, rest);
        _cache.Fork(from.Lease, to.Lease, full);
        for (int i = 0; i < full; i++)
            _holdersOf[to.Lease.Pages[i]]++;
        _holders.Add(to);
        to.Computed = full * PlainCache.PageTokens;
        if (rest == 0 || !Grow(to, 1))
            return;
        _plain.Copy(from.Lease.Pages[full], to.Lease.Pages[full], rest);
        to.Computed = from.Computed;
        Read(to);
        Compute(to, PlainCache.PageTokens - rest);
        Read(from);
    }

    private void Preempt(Holder holder)
    {
        Share(holder);
        Release(holder);
        _preempted.Add(holder);
    }

    private void End(Holder holder, Random random)
    {
        Read(holder);
        if (random.Next(4) > 0)
            Share(holder);
        if (random.Next(3) == 0)
        {
            int name = random.Next(3);
            _plain.Converse(holder.Scope, name, holder.Digits, holder.Lease.Shared);
            _cache.Keep(holder.Lease, $"{name}");
        }

        Release(holder);
    }

    private void Release(Holder holder)
    {
        foreach (int page in holder.Lease.Pages)
            _holdersOf[page]--;
        _plain.Touch(holder.Scope, holder.Digits, holder.Lease.Shared);
        _cache.Release(holder.Lease);
        holder.Computed = 0;
        _holders.Remove(holder);
    }

    private void Compare()
    {
        CacheAudit.Check(_cache, _holders.Select(h => h.Lease));
        Assert.Equal(_plain.Kept, _cache.Tree.Count);
        Assert.Equal(_plain.Pinned, _cache.Conversations.Pages);
        Assert.Equal(_plain.KeptPages.Count(page => _holdersOf[page] == 0), _cache.Reclaimable);
        foreach (int page in _plain.KeptPages)
            Assert.NotNull(_cache.Tree.OfPage(page));
    }

    private sealed class Holder
    {
        public Holder(Random random)
            : this(random.Next(PlainCache.Scopes), [.. Enumerable.Range(0, PlainCache.Depth).Select(_ => random.Next(4))])
        {
        }

        /// <summary>Equal to another up to the border, anything after it.</summary>
        public Holder(Random random, Holder other, int full, int rest)
            : this(other.Scope, [.. other.Digits.Select((digit, page) => page < full ? digit : page > full || rest == 0 ? random.Next(4) : rest > PlainCache.PageTokens / 2 ? digit : (digit & 1) | (random.Next(2) << 1))])
        {
        }

        private Holder(int scope, int[] digits)
        {
            Scope = scope;
            Digits = digits;
            Tokens = [.. Enumerable.Range(0, PlainCache.Depth * PlainCache.PageTokens).Select(i => PlainCache.Token(digits[i / PlainCache.PageTokens], i % PlainCache.PageTokens))];
            Lease = new PrefixLease(new CacheScope(9, (ulong)scope));
        }

        public int Scope { get; }

        public int[] Digits { get; }

        public int[] Tokens { get; }

        public PrefixLease Lease { get; }

        /// <summary>Positions that are in its pages.</summary>
        public int Computed { get; set; }

        public int Key(int pages) => PlainCache.Key(Scope, Digits, pages);
    }
}
