using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

/// <summary>Prefixes take turns: once begun, one goes with all that waited when it began.</summary>
public sealed class FormerTurnTests
{
    private const int Prefixes = 10, Each = 40;
    private static readonly DateTimeOffset s_start = new HandClock().Now;
    private readonly FormerBench _bench = new() { Room = EngineRoom.Empty(1, 256, 64) };
    private readonly Dictionary<JobId, long> _prefixes = [];

    private void Add(long prefix, double? deadline = null, int common = 0, int tokens = 144)
    {
        long[] chain = [.. Enumerable.Range(1, 8).Select(page => page <= common ? page : (prefix * 100) + page)];
        WaitingJob job = new()
        {
            Id = JobId.New(_bench.Clock),
            Tenant = "t",
            Class = JobClass.Standard,
            Deadline = deadline is { } ms ? s_start + TimeSpan.FromMilliseconds(ms) : null,
            PromptTokens = tokens,
            MaxNewTokens = 1,
            PrefixKey = prefix,
            Chain = chain,
            CreatedAt = _bench.Clock.Now,
        };
        Assert.True(_bench.Former.Add(job));
        _prefixes.Add(job.Id, prefix);
        _bench.Clock.Pass(1);
    }

    private long[] Run(int jobs, Action<int>? before = null)
    {
        long[] order = new long[jobs];
        for (int i = 0; i < jobs; i++)
        {
            before?.Invoke(i);
            order[i] = _prefixes[Assert.Single(_bench.Batch())];
            _bench.Clock.Pass(5);
        }
        return order;
    }

    private static int Changes(long[] order) => order.Zip(order.Skip(1)).Count(pair => pair.First != pair.Second);

    [Theory]
    [InlineData(null)]
    [InlineData(3_600_000.0)]
    public void A_prefix_is_left_only_when_none_of_it_waits(double? deadline)
    {
        for (int i = 0; i < Prefixes * Each; i++) Add(i % Prefixes, deadline);
        Assert.Equal(Prefixes - 1, Changes(Run(Prefixes * Each)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void The_rest_of_a_batch_begins_one_prefix_after_another_also_where_all_begin_alike(int common)
    {
        // batches of 8: a prefix's jobs leave room for some of others
        const int each = 5;
        _bench.Room = EngineRoom.Empty(8, 100_000, 1_000);
        for (int i = 0; i < Prefixes * each; i++) Add(100 + (i % Prefixes), common: common);
        List<long> order = [];
        while (_bench.Batch() is { Length: > 0 } batch) order.AddRange(batch.Select(job => _prefixes[job]));
        Assert.Equal(Prefixes * each, order.Count);
        Assert.Equal(Prefixes - 1, Changes([.. order]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Room_too_small_for_a_job_of_the_turn_begins_no_other_prefix(int common)
    {
        // 10 pages a job, 9 of the last prefix: what four leave is enough for one of those
        _bench.Room = EngineRoom.Empty(8, 100_000, 49);
        for (int i = 0; i < Prefixes * Each; i++) Add(100 + (i % Prefixes), common: common, tokens: i % Prefixes == Prefixes - 1 ? 140 : 159);
        List<long> order = [];
        while (_bench.Batch() is { Length: > 0 } batch) order.AddRange(batch.Select(job => _prefixes[job]));
        Assert.Equal(Prefixes * Each, order.Count);
        Assert.Equal(Prefixes - 1, Changes([.. order]));
    }

    [Fact]
    public void A_turn_goes_on_and_ends_though_more_come_meanwhile_than_are_looked_at()
    {
        for (int i = 0; i < 3 * Each; i++) Add(i % 3);
        Assert.Equal([0], Run(1));
        for (int i = 0; i < 400; i++) Add(0);
        Assert.All(Run(Each - 1), prefix => Assert.Equal(0, prefix));
        long[] order = Run(200);
        Assert.All([1, 2], prefix => Assert.Equal(Each, order.Count(at => at == prefix)));
    }

    [Fact]
    public void A_prefix_that_keeps_arriving_has_one_turn_like_any_other()
    {
        for (int i = 0; i < Prefixes * 4; i++) Add(i % Prefixes);
        long[] order = Run(400, _ => Add(0));
        Assert.All(Enumerable.Range(1, Prefixes - 1), prefix => Assert.Equal(4, order.Count(at => at == prefix)));
    }
}
