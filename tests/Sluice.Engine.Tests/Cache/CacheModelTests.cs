using Sluice.Engine.Cache;
using Xunit;

namespace Sluice.Engine.Tests.Cache;

/// <summary>Random operations against a plain model: which prefixes are in the tree, under which page, and who holds what.</summary>
public sealed class CacheModelTests
{
    private const int Pages = 24;
    private const int Page = 16;

    private readonly PrefixCache _cache = new(new PagePool(Pages), share: true);
    private readonly Dictionary<(ulong Scope, string Path), int> _kept = []; // every prefix in the tree, and its physical page
    private readonly List<Holder> _holders = [];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Forty_thousand_random_operations_keep_every_page_accounted_for(int seed)
    {
        Random random = new(seed);
        int matches = 0;
        int refusals = 0;
        for (int i = 0; i < 40_000; i++)
        {
            switch (random.Next(5))
            {
                case 0 or 1 when _holders.Count < 8:
                    matches += Start(random);
                    break;
                case 2 when _holders.Count > 0:
                    refusals += Grow(random) ? 0 : 1;
                    break;
                case 3 when _holders.Count > 0:
                    Share(_holders[random.Next(_holders.Count)]);
                    break;
                case 4 when _holders.Count > 0:
                    Release(random.Next(_holders.Count));
                    break;
            }

            if (i % 16 == 0)
                Compare();
        }

        while (_holders.Count > 0)
            Release(0);
        Compare();
        Assert.Equal(Pages, _cache.Available);
        Assert.True(matches > 1000 && refusals > 100, $"{matches} matched pages and {refusals} refusals: the test does not reach what it is for");
    }

    // The page of depth d holds one of two digits: prefixes overlap often.
    private int Start(Random random)
    {
        Holder holder = new((ulong)random.Next(2), [.. Enumerable.Range(0, 6).SelectMany(_ => Enumerable.Repeat(random.Next(2), Page))]);
        int most = random.Next(7);
        int expected = 0;
        while (expected < most && _kept.ContainsKey((holder.Scope, holder.Path(expected + 1))))
            expected++;
        Assert.Equal(expected, _cache.CountMatch(holder.Lease.Scope, holder.Tokens, most));
        Assert.Equal(expected, _cache.Match(holder.Lease, holder.Tokens, most));
        for (int i = 0; i < expected; i++)
            Assert.Equal(_kept[(holder.Scope, holder.Path(i + 1))], holder.Lease.Pages[i]);
        _holders.Add(holder);
        return expected;
    }

    private bool Grow(Random random)
    {
        Holder holder = _holders[random.Next(_holders.Count)];
        int pages = Math.Min(6, holder.Lease.Count + random.Next(1, 4));
        int held = _holders.SelectMany(h => h.Lease.Pages.ToArray()).Distinct().Count();
        bool fits = pages - holder.Lease.Count <= Pages - held;
        Assert.Equal(fits, _cache.TryGrow(holder.Lease, pages));
        foreach ((ulong, string) gone in _kept.Where(k => _cache.Tree.OfPage(k.Value) is null).Select(k => k.Key).ToArray())
            _kept.Remove(gone);
        return fits;
    }

    private void Share(Holder holder)
    {
        _cache.Share(holder.Lease, holder.Tokens, holder.Lease.Count);
        for (int i = 0; i < holder.Lease.Count; i++)
        {
            _kept.TryAdd((holder.Scope, holder.Path(i + 1)), holder.Lease.Pages[i]);
            Assert.Equal(_kept[(holder.Scope, holder.Path(i + 1))], holder.Lease.Pages[i]);
        }
    }

    private void Release(int index)
    {
        _cache.Release(_holders[index].Lease);
        _holders.RemoveAt(index);
    }

    private void Compare()
    {
        CacheAudit.Check(_cache, _holders.Select(h => h.Lease));
        int[] held = [.. _holders.SelectMany(h => h.Lease.Pages.ToArray()).Distinct()];
        Assert.Equal(_kept.Count, _cache.Tree.Count);
        Assert.Equal(_kept.Values.Except(held).Count(), _cache.Reclaimable);
        Assert.Equal(Pages - _kept.Values.Union(held).Count(), _cache.Pool.Free);
        foreach ((ulong scope, string path) in _kept.Keys.Where(k => k.Path.Length > 1))
            Assert.True(_kept.ContainsKey((scope, path[..^1])), "a prefix is in the tree without the one before it");
    }

    private sealed class Holder(ulong scope, int[] tokens)
    {
        public ulong Scope => scope;

        public int[] Tokens => tokens;

        public PrefixLease Lease { get; } = new(new CacheScope(9, scope));

        public string Path(int pages) => string.Concat(Enumerable.Range(0, pages).Select(i => (char)('a' + tokens[i * Page])));
    }
}
