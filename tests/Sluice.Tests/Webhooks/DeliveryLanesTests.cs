using Sluice.Service.Webhooks;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Webhooks;

public sealed class DeliveryLanesTests
{
    [Fact]
    public void A_target_that_failed_and_is_not_called_again_is_forgotten_however_much_else_is_sent()
    {
        ManualTime time = new();
        DeliveryLanes lanes = new(new WebhookOptions(), time);
        for (int i = 0; i < DeliveryLanes.FailuresToOpen; i++)
            Deliver(lanes, "t once.example.org", delivered: false);
        Assert.Equal(["t once.example.org"], lanes.Ask()!.Probes);
        for (int minute = 0; minute < 59; minute++)
            Busy();
        Assert.Single(lanes.Ask()!.Probes);
        for (int minute = 0; minute < 5; minute++)
            Busy();
        Assert.Empty(lanes.Ask()!.Probes);

        void Busy()
        {
            time.Advance(TimeSpan.FromMinutes(1));
            Assert.NotNull(lanes.Ask());
            Deliver(lanes, "t up.example.org", delivered: true);
        }
    }

    private static void Deliver(DeliveryLanes lanes, string target, bool delivered)
    {
        DueDelivery due = new() { Id = Guid.NewGuid(), Tenant = "t", Endpoint = null, Url = $"https://{target[2..]}/", Body = [], Attempt = 1, Secrets = [], Target = target };
        lanes.Enter(due);
        lanes.Leave(due, delivered);
    }
}
