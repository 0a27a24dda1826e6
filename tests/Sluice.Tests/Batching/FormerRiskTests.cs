using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

/// <summary>
/// A job that would rather not end in time, beside 250 s of work that is due within a minute. 1 ms per prompt token, 10 ms per new one; two of five answers have
/// 50 tokens, the others 1,000: a prompt of 600 tokens takes 1.1 s or 10.6 s.
/// </summary>
public sealed class FormerRiskTests
{
    private readonly FormerBench _bench = new FormerBench { Room = EngineRoom.Empty(1, 1024, 4096) }.Taught();
    private readonly JobId[] _crowd;

    public FormerRiskTests()
    {
        for (int i = 0; i < 100; i++)
        {
            int tokens = i % 5 < 2 ? 50 : 1000;
            _bench.Cost.Ended(_bench.Add(prompt: 1, max: 1000), 0, tokens, TimeSpan.FromMilliseconds(1 + (10 * tokens)));
        }
        _bench.Former.TakeAll();
        _crowd = [.. Enumerable.Range(0, 200).Select(_ => _bench.Add(deadline: 60_000, prompt: 1, max: 1000).Id)];
    }

    [Fact]
    public void It_does_not_starve_where_it_may_run_late()
    {
        WaitingJob job = Passed(OnLate.Run);
        _bench.Clock.Pass(10 * 60_000);
        for (int turn = 0; turn < 50; turn++)
        {
            _bench.Add();
            if (_bench.Batch().Contains(job.Id)) return;
            _bench.Clock.Pass(1000);
        }
        Assert.Fail("it waits behind all that comes");
    }

    [Fact]
    public void It_has_its_place_back_once_all_can_be_done_in_time()
    {
        WaitingJob job = Passed(OnLate.Expire);
        foreach (JobId id in _crowd) _bench.Former.Remove(id);
        for (int turn = 0; turn < 3; turn++)
        {
            _bench.Clock.Pass(1100);
            _bench.Add(deadline: 300_000);
            if (_bench.Batch().Contains(job.Id)) return;
        }
        Assert.Fail("it waits behind those that have minutes");
    }

    /// <summary>A job that was first by its safe start, and was passed by.</summary>
    private WaitingJob Passed(OnLate late)
    {
        WaitingJob job = _bench.Add(deadline: 20_000, prompt: 600, max: 1000, late: late);
        _bench.Clock.Pass(9_500);
        for (int i = 0; i < 3; i++) Assert.Contains(Assert.Single(_bench.Batch()), _crowd);
        return job;
    }
}
