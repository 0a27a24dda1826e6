using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Service.Intake;
using Sluice.Service.Queue;
using Sluice.Service.Telemetry;
using Sluice.Store;
using Sluice.Store.Memory;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Tests.Queue;

public sealed class OutboxRelayTests
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task While_rounds_fail_the_pauses_grow_to_the_longest_and_one_line_says_why()
    {
        ManualTime time = new();
        Lines log = new();
        (IJobStore store, FailingStore failures) = FailingStore.Around<IJobStore>(new MemoryJobStore(time), nameof(IJobStore.RelayOutboxAsync), hangs: false);
        await using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        IOptions<QueueOptions> options = Options.Create(new QueueOptions { Transport = QueueTransport.InMemory });
        QueueNames names = new("test");
        using BrokerTopology topology = new(names, options, NullLogger<BrokerTopology>.Instance);
        // no round comes to the bus
        OutboxPublisher publisher = new(null!, names, topology);
        using OutboxRelay relay = new(store, publisher, new OutboxSignal(time), new SluiceMetrics(services.GetRequiredService<IMeterFactory>()), options, time, log);
        await relay.StartAsync(CancellationToken.None);
        int failed = 0;
        foreach (double seconds in (double[])[0.25, 0.5, 1, 2, 2, 2])
        {
            failed++;
            await WorkerRig.EventuallyAsync(() => failures.Calls == failed && time.Waiting == 1, $"pause {failed} begins");
            time.Advance(TimeSpan.FromSeconds(seconds) - s_moment);
            Assert.Equal((failed, 1), (failures.Calls, time.Waiting));
            time.Advance(s_moment);
        }
        await WorkerRig.EventuallyAsync(() => failures.Calls == failed + 1 && time.Waiting == 1, "the last round fails, too");
        await relay.StopAsync(CancellationToken.None);
        Assert.Equal("The outbox waits: The store failed, as asked for.", Assert.Single(log.Said));
    }

    private sealed class Lines : ILogger<OutboxRelay>
    {
        public ConcurrentQueue<string> Said { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Said.Enqueue(formatter(state, exception));
    }
}
