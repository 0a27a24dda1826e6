using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Service.Inference;
using Sluice.Service.Models;
using Sluice.Service.Queue;
using Sluice.Store;
using Sluice.Store.Memory;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Tests.Queue;

/// <summary>A transport that fails while queues are opened and closed.</summary>
public sealed class ShardKeeperTests
{
    private const int Shards = 4, All = 3 * Shards;
    private readonly ConcurrentDictionary<string, bool> _consumed = new();
    private int _opens, _closes, _failOpen, _failClose, _twice;

    [Fact]
    public async Task What_fails_to_open_or_to_close_is_tried_again_and_no_queue_is_lost_sight_of()
    {
        MemoryJobStore store = new(TimeProvider.System);
        ModelCatalog models = new([StubModel.Create()]);
        QueueNames names = new("test", Shards);
        IOptions<WorkerOptions> options = Options.Create(new WorkerOptions { Name = "w1", HeartbeatInterval = TimeSpan.FromMilliseconds(20) });
        Incarnation incarnation = new(store, models, options, names, TimeProvider.System);
        await incarnation.RegisterAsync(default);
        using BrokerTopology topology = new(names, Options.Create(new QueueOptions { Transport = QueueTransport.InMemory }), NullLogger<BrokerTopology>.Instance);
        using ShardKeeper keeper = new(store, incarnation, models, topology, names, new ForeignShards(), Open, options, TimeProvider.System, NullLogger<ShardKeeper>.Instance);

        _failOpen = 5;
        await keeper.StartAsync(default);
        await WorkerRig.EventuallyAsync(() => _consumed.Count == All, "all shards are consumed");
        Assert.Equal(All + 1, _opens);

        _failClose = _closes + 2;
        Guid other = Guid.NewGuid();
        await store.RegisterWorkerAsync(new WorkerRegistration(other, "w2", [StubModel.Name]) { Shards = Shards }, default);
        int own = 3 * ShardOwners.Of("w1", ["w1", "w2"], Shards).Count();
        Assert.InRange(own, 3, All - 3);
        await WorkerRig.EventuallyAsync(() => _consumed.Count == own, "the other's shards are left to it");

        _failClose = 0;
        await store.RetireWorkerAsync(other, default);
        await WorkerRig.EventuallyAsync(() => _consumed.Count == All, "all shards are consumed again");
        await keeper.StopAsync(default);
        Assert.Equal(0, _twice);
    }

    private Handle Open(string queue, string divider)
    {
        if (Interlocked.Increment(ref _opens) == _failOpen)
        {
            throw new InvalidOperationException("The queue cannot be opened, as asked for.");
        }
        if (!_consumed.TryAdd(queue, true))
        {
            Interlocked.Increment(ref _twice);
            throw new InvalidOperationException($"A receive endpoint with the same key was already added: {queue}");
        }
        return new Handle(this, queue);
    }

    private sealed class Handle(ShardKeeperTests tests, string queue) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            if (Interlocked.Increment(ref tests._closes) == tests._failClose)
            {
                throw new TimeoutException("The queue cannot be closed, as asked for.");
            }
            tests._consumed.TryRemove(queue, out _);
            return ValueTask.CompletedTask;
        }
    }
}
