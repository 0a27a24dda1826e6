using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

public sealed class BacklogReportTests
{
    [Fact]
    public void Jobs_and_their_work_are_told_by_class_and_go_when_they_go()
    {
        CostEstimate cost = new();
        HandClock clock = new();
        Former former = new(new FormerOptions(), cost, clock);
        WaitingJob bulk = Job(JobClass.Bulk, 1), standard = Job(JobClass.Standard, 2);
        Assert.Equal([0, 0, 0], former.Report().Jobs);
        former.Add(bulk);
        former.Add(Job(JobClass.Bulk, 3));
        former.Add(standard);
        BacklogReport report = former.Report();
        Assert.Equal([0, 1, 2], report.Jobs);
        Assert.Equal(2 * cost.Work(bulk, 0), report.Work[(int)JobClass.Bulk], 1e-9);
        Assert.Equal((1.0, 0.0), (report.Rate, report.InteractiveRate));
        former.Remove(standard.Id);
        former.Add(standard with { Class = JobClass.Interactive });
        former.Remove(bulk.Id);
        Assert.Equal([1, 0, 1], former.Report().Jobs);
    }

    [Fact]
    public void Work_is_told_as_it_is_reckoned_by_now()
    {
        CostEstimate cost = new();
        Former former = new(new FormerOptions(), cost, new HandClock());
        WaitingJob job = Job(JobClass.Bulk, 1);
        former.Add(job);
        double first = former.Report().Work[(int)JobClass.Bulk];
        for (int i = 0; i < 20; i++) cost.Ended(job, 0, 2, TimeSpan.FromSeconds(0.01));
        Assert.Equal(cost.Work(job, 0), former.Report().Work[(int)JobClass.Bulk], 1e-9);
        Assert.True(cost.Work(job, 0) < first / 2);
    }

    private static WaitingJob Job(JobClass @class, int number) => new()
    {
        Id = new JobId(new Guid(number, 0, 0, new byte[8])),
        Tenant = "t",
        Class = @class,
        PromptTokens = 100,
        MaxNewTokens = 10,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };
}
