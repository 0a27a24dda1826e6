using System.Reflection;
using MassTransit;
using MassTransit.Transports;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Service.Queue;
using Xunit;

namespace Sluice.Tests.Queue;

public sealed class BoundedBusDepotTests
{
    [Fact]
    public async Task A_bus_that_never_stops_is_left_when_its_time_is_over()
    {
        BoundedBusDepot depot = new([Endless.Instance()], NullLoggerFactory.Instance, NullLogger<BoundedBusDepot>.Instance);
        using CancellationTokenSource limit = new(TimeSpan.FromMilliseconds(100));
        await depot.Stop(limit.Token).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.True(limit.IsCancellationRequested);
    }

    /// <summary>A bus, and its instance, whose stop heeds no cancellation.</summary>
    public class Endless : DispatchProxy
    {
        public static IBusInstance Instance() => Create<IBusInstance, Endless>();

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
        {
            "get_InstanceType" => typeof(IBus),
            "get_BusControl" => Create<IBusControl, Endless>(),
            nameof(IBusControl.StopAsync) => new TaskCompletionSource().Task,
            _ => throw new InvalidOperationException($"{targetMethod.Name} is not expected."),
        };
    }
}
