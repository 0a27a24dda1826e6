using Sluice.Batching;
using Sluice.Batching.Waiting;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching.Waiting;

public sealed class PrefixTreeTests
{
    private readonly PrefixTree _tree = new();
    private readonly TenantShare _share = new("t", 1);
    private int _number;

    [Fact]
    public void Jobs_are_below_every_prefix_that_they_share()
    {
        Entry ab = Add([1, 2]), abc = Add([1, 2, 3]), abd = Add([1, 2, 4]), ax = Add([1, 9]), other = Add([7, 2]);
        PrefixNode two = abc.Parent!;
        Assert.Equal((2, 3), (two.Depth, two.Waiting));
        Assert.Same(two, abd.Parent);
        Assert.Same(two, ab.Parent);
        Assert.Equal((1, 4), (two.Parent!.Depth, two.Parent.Waiting));
        Assert.Same(two.Parent, ax.Parent);
        Assert.True(other.Parent!.IsRoot);
    }

    [Fact]
    public void Of_more_jobs_than_are_asked_for_the_oldest_are_given()
    {
        Entry[] all = [.. Enumerable.Range(0, 40).Select(i => Add([1, 2, i]))];
        List<Entry> found = [];
        PrefixTree.Below(all[0].Parent!, null, found, 10);
        Assert.Equal(all[..10], found);
        _tree.Remove(all[3]);
        Entry below = Add([1, 2, 5, 6]); // all[5] is below a prefix of its own now
        found.Clear();
        PrefixTree.Below(all[0].Parent!, null, found, 7);
        Assert.Equal([.. all[..3], all[4], all[5], below, all[6]], found);
    }

    [Fact]
    public void A_turn_counts_those_who_waited_when_it_began_until_they_are_gone()
    {
        Entry[] first = [.. Enumerable.Range(0, 5).Select(i => Add([1, 2, i]))];
        PrefixNode node = first[0].Parent!;
        PrefixTree.BeginTurn(node, _number);
        Add([1, 2, 9]);
        Add([1, 7]); // the prefix is split, and both parts have the turn
        PrefixNode above = node.Parent!;
        foreach (Entry entry in first[1..]) _tree.Remove(entry);
        Assert.Equal((1, 1), (node.TurnWaits, above.TurnWaits));
        Run(first[0]);
        Assert.Equal((false, false), (node.HasTurn, above.HasTurn));
    }

    [Fact]
    public void Scopes_share_nothing()
    {
        Entry mine = Add([1, 2]), yours = Add([1, 2], scope: 5);
        Assert.True(mine.Parent!.IsRoot && yours.Parent!.IsRoot);
        Assert.NotSame(mine.Parent, yours.Parent);
    }

    [Fact]
    public void A_shared_mark_is_stored_once()
    {
        long[] common = [.. Enumerable.Range(1, 60)];
        List<Entry> all = [.. Enumerable.Range(0, 20).Select(i => Add([.. common, 100 + i, 200 + i]))];
        Assert.All(all, entry => Assert.Equal(2, entry.Marks.Length));
        Assert.Equal(common, all[0].Parent!.Marks);
        Assert.All(all, (entry, i) => Assert.Equal([.. common, 100 + i, 200 + i], PrefixTree.ChainOf(entry)));
    }

    [Fact]
    public void What_ran_is_warm_as_far_as_it_is_shared_until_enough_prompts_have_come_after_it()
    {
        _tree.Sweep(1000);
        Run(Add([1, 2, 3], prompt: 300));
        Entry whole = Add([1, 2, 3, 4], prompt: 500), half = Add([1, 2, 8], prompt: 500), none = Add([5], prompt: 500);
        Assert.Equal((48, 32, 0), (_tree.Cached(whole), _tree.Cached(half), _tree.Cached(none)));
        Run(Add([6], prompt: 900));
        Assert.Equal(48, _tree.Cached(whole));
        Run(Add([5, 5], prompt: 200));
        Assert.Equal((0, 16), (_tree.Cached(whole), _tree.Cached(none)));
    }

    [Fact]
    public void A_prompt_is_never_wholly_cached()
    {
        _tree.Sweep(1000);
        Run(Add([1, 2], prompt: 32));
        Assert.Equal(31, _tree.Cached(Add([1, 2], prompt: 32)));
    }

    [Fact]
    public void Prompts_that_share_nothing_leave_a_bounded_number_of_prefixes_behind_and_what_runs_again_stays_warm()
    {
        for (int i = 0; i < 3 * PrefixTree.MostWarm; i++)
        {
            Run(Add([i, 7], prompt: 32));
            if (i % 1000 == 0) Run(Add([-1, 7], prompt: 32));
            _tree.Sweep(1_000_000_000);
        }
        Assert.Equal(32 - 1, _tree.Cached(Add([-1, 7], prompt: 32)));
        Assert.InRange(_tree.Edges, 1, PrefixTree.MostWarm + 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_comes_and_goes_it_says_what_a_list_of_all_chains_says_and_ends_empty(int seed)
    {
        Random random = new(seed);
        Dictionary<Entry, long[]> waiting = [];
        List<(long[] Chain, long Scope, long At)> ran = [];
        long clock = 0;
        for (int i = 0; i < 3000; i++)
        {
            _tree.Sweep(400);
            if (waiting.Count == 0 || random.Next(5) < 3)
            {
                long[] chain = [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => (long)random.Next(1, 3))];
                waiting.Add(Add(chain, random.Next(2), prompt: 1000), chain);
            }
            else
            {
                (Entry entry, long[] chain) = waiting.ElementAt(random.Next(waiting.Count));
                int tokens = random.Next(1, 100);
                if (random.Next(2) == 0) _tree.Remove(entry);
                else
                {
                    ran.Add((chain, entry.Job.Scope, clock += tokens));
                    Run(entry, cached: 1000 - tokens);
                }
                waiting.Remove(entry);
            }
            foreach ((Entry entry, long[] chain) in waiting.Where(_ => random.Next(8) == 0))
            {
                Assert.Equal(chain, PrefixTree.ChainOf(entry));
                Assert.Equal(16 * Longest(entry, chain), _tree.Cached(entry));
                for (PrefixNode node = entry.Parent!; !node.IsRoot; node = node.Parent!)
                {
                    Assert.Equal(waiting.Count(w => w.Key.Job.Scope == entry.Job.Scope && w.Value.Length >= node.Depth && w.Value.Take(node.Depth).SequenceEqual(chain.Take(node.Depth))), node.Waiting);
                }
            }
        }
        foreach (Entry entry in waiting.Keys) _tree.Remove(entry);
        _tree.Sweep(-1);
        Assert.Equal(0, _tree.Edges);

        int Longest(Entry entry, long[] chain) => ran.Where(r => r.Scope == entry.Job.Scope && clock - r.At <= 400)
            .Select(r => r.Chain.AsSpan().CommonPrefixLength(chain)).DefaultIfEmpty(0).Max();
    }

    private Entry Add(long[] chain, long scope = 0, int prompt = 100)
    {
        WaitingJob job = new()
        {
            Id = new JobId(Guid.NewGuid()),
            Tenant = "t",
            Scope = scope,
            Class = JobClass.Bulk,
            PromptTokens = prompt,
            MaxNewTokens = 1,
            CreatedAt = DateTimeOffset.UnixEpoch,
        };
        Entry entry = new(job, 0, _number++) { Share = _share, MarkTokens = 16 };
        _tree.Add(entry, chain);
        return entry;
    }

    private void Run(Entry entry, int cached = 0)
    {
        _tree.Ran(entry, cached);
        _tree.Remove(entry);
    }
}
