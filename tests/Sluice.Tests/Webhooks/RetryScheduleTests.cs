using Sluice.Service.Webhooks;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Webhooks;

public sealed class RetryScheduleTests
{
    private static readonly double[] s_seconds = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

    [Fact]
    public void Ten_attempts_wait_as_promised_give_or_take_a_fifth()
    {
        Assert.Equal(10, RetrySchedule.Attempts);
        for (int attempt = 1; attempt <= 9; attempt++)
        {
            double seconds = s_seconds[attempt - 1];
            Assert.Equal(seconds * 0.8, RetrySchedule.After(attempt, null, 0)!.Value.TotalSeconds, 1e-6);
            Assert.Equal(seconds, RetrySchedule.After(attempt, null, 0.5)!.Value.TotalSeconds, 1e-6);
            Assert.Equal(seconds * 1.2, RetrySchedule.After(attempt, null, 1)!.Value.TotalSeconds, 1e-6);
        }
        Assert.Null(RetrySchedule.After(10, null, 0.5));
        Assert.Null(RetrySchedule.After(11, null, 0.5));
    }

    [Theory]
    [InlineData(1, 120, 120)]
    [InlineData(1, 0, 5)]
    [InlineData(1, -50, 5)]
    [InlineData(2, 10, 300)]
    [InlineData(1, 1_000_000, 86_400)]
    public void Retry_after_is_honoured_where_it_is_later_up_to_a_day(int attempt, int asked, int waits) =>
        Assert.Equal(waits, RetrySchedule.After(attempt, TimeSpan.FromSeconds(asked), 0.5)!.Value.TotalSeconds, 1e-6);

    [Fact]
    public void A_lane_opens_after_ten_failures_and_is_probed_every_thirty_seconds()
    {
        ManualTime time = new();
        DeliveryLanes lanes = new(new WebhookOptions { Concurrency = 3, PerTenant = 2 }, time);
        for (int i = 0; i < 10; i++)
        {
            Assert.Empty(lanes.Ask()!.BusyTargets);
            lanes.Enter(Due("a", "acme"));
            Assert.Equal(["a"], lanes.Ask()!.BusyTargets);
            lanes.Leave(Due("a", "acme"), delivered: false);
        }
        Assert.Equal(["a"], lanes.Ask()!.BusyTargets);
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(["a"], lanes.Ask()!.BusyTargets);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Empty(lanes.Ask()!.BusyTargets);
        Assert.Equal(["a"], lanes.Ask()!.Probes);
        lanes.Enter(Due("a", "acme"));
        lanes.Leave(Due("a", "acme"), delivered: true);
        Assert.Empty(lanes.Ask()!.Probes);

        lanes.Enter(Due("a", "acme"));
        lanes.Enter(Due("b", "acme"));
        Assert.Equal(["acme"], lanes.Ask()!.BusyTenants);
        Assert.Equal(1, lanes.Ask()!.Most);
        lanes.Enter(Due("c", "rival"));
        Assert.Null(lanes.Ask());
        Task freed = lanes.Freed;
        lanes.Leave(Due("c", "rival"), delivered: true);
        Assert.True(freed.IsCompletedSuccessfully);
        Assert.NotNull(lanes.Ask());
    }

    private static DueDelivery Due(string target, string tenant) =>
        new() { Id = Guid.NewGuid(), Tenant = tenant, Endpoint = null, Url = "https://x/", Body = [], Attempt = 1, Secrets = [], Target = target };
}
