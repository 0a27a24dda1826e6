using Sluice.Service.Queue;
using Xunit;

namespace Sluice.Tests.Queue;

public sealed class ShardOwnersTests
{
    private const int Shards = 64;
    private static readonly string[] s_four = ["worker-1", "worker-2", "worker-3", "worker-4"];

    private static string[] Owners(IReadOnlyCollection<string> workers)
    {
        string[] owners = new string[Shards];
        foreach (string worker in workers)
        {
            foreach (int shard in ShardOwners.Of(worker, workers, Shards))
            {
                Assert.Null(owners[shard]);
                owners[shard] = worker;
            }
        }
        return owners;
    }

    [Fact]
    public void Every_shard_has_one_owner_and_every_worker_a_fair_part()
    {
        string[] owners = Owners(s_four);
        Assert.All(owners, owner => Assert.NotNull(owner));
        Assert.All(owners.CountBy(owner => owner), part => Assert.InRange(part.Value, Shards / 8, Shards / 2));
        Assert.Equal(4, owners.Distinct().Count());
    }

    [Fact]
    public void A_worker_that_comes_takes_shards_and_moves_no_other()
    {
        string[] before = Owners(s_four), after = Owners([.. s_four, "worker-5"]);
        Assert.All(Enumerable.Range(0, Shards), shard => Assert.True(after[shard] == before[shard] || after[shard] == "worker-5"));
        Assert.InRange(after.Count(owner => owner == "worker-5"), 1, Shards / 3);
    }

    [Fact]
    public void A_worker_that_goes_leaves_its_own_and_moves_no_other()
    {
        string[] before = Owners(s_four), after = Owners([.. s_four.Where(worker => worker != "worker-2")]);
        Assert.All(Enumerable.Range(0, Shards), shard => Assert.Equal(before[shard] == "worker-2", after[shard] != before[shard]));
    }

    [Fact]
    public void Whoever_is_not_among_them_owns_nothing() => Assert.Empty(ShardOwners.Of("worker-9", s_four, Shards));
}
