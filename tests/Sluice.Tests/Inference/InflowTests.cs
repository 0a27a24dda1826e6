using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Inference;

public sealed class InflowTests
{
    private readonly ManualTime _time = new();

    private static ReservedJob[] Jobs(int count, JobClass jobClass = JobClass.Standard, TimeSpan? deadline = null) => [.. Enumerable.Range(0, count).Select(_ => new ReservedJob
    {
        Id = JobId.New(TimeProvider.System),
        Tenant = "t",
        Namespace = "default",
        Model = "m",
        Kind = JobKind.Generate,
        Class = jobClass,
        Deadline = DateTimeOffset.UnixEpoch + deadline,
        OnLate = OnLate.Expire,
        PromptTokens = 1,
        MaxNewTokens = 1,
        PrefixKey = 0,
        CreatedAt = DateTimeOffset.UnixEpoch,
        ReservedAt = DateTimeOffset.UnixEpoch,
    })];

    [Fact]
    public void A_backlog_that_comes_in_is_waited_for_until_it_pauses()
    {
        Inflow inflow = new(_time);
        inflow.Add(Jobs(1));
        Assert.Equal(TimeSpan.Zero, inflow.Left);
        inflow.Add(Jobs(100));
        Assert.Equal(TimeSpan.FromMilliseconds(20), inflow.Left);
        _time.Advance(TimeSpan.FromMilliseconds(15));
        inflow.Add(Jobs(100));
        Assert.Equal(TimeSpan.FromMilliseconds(20), inflow.Left);
        _time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal(TimeSpan.Zero, inflow.Left);
    }

    [Fact]
    public void One_that_does_not_end_is_waited_for_a_fifth_of_a_second_once()
    {
        Inflow inflow = new(_time);
        for (int i = 0; i < 20; i++)
        {
            inflow.Add(Jobs(100));
            Assert.True(inflow.Left > TimeSpan.Zero);
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }
        for (int i = 0; i < 100; i++)
        {
            inflow.Add(Jobs(100));
            Assert.Equal(TimeSpan.Zero, inflow.Left);
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }
        _time.Advance(TimeSpan.FromSeconds(2));
        inflow.Add(Jobs(100));
        Assert.True(inflow.Left > TimeSpan.Zero);
    }

    [Fact]
    public void Whoever_is_in_a_hurry_waits_for_nobody()
    {
        foreach (ReservedJob[] hurried in (ReservedJob[][])[Jobs(1, JobClass.Interactive), Jobs(1, deadline: TimeSpan.FromSeconds(1))])
        {
            Inflow inflow = new(_time);
            inflow.Add(Jobs(100, deadline: TimeSpan.FromMinutes(1)));
            Assert.True(inflow.Left > TimeSpan.Zero);
            inflow.Add(hurried);
            Assert.Equal(TimeSpan.Zero, inflow.Left);
        }
    }
}
