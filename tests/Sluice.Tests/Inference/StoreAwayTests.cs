using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Service;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Tests.Inference;

public sealed class StoreAwayTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Nobody_is_declared_dead_before_the_store_has_answered_for_as_long_as_a_worker_may_be_silent()
    {
        MemoryJobStore inner = new(TimeProvider.System);
        (IJobStore jobs, FailingStore calls) = FailingStore.Around<IJobStore>(inner, nameof(IJobStore.ReconcileAsync), hangs: false);
        ConcurrentQueue<(long At, bool DeclaresDead)> rounds = new();
        bool away = false;
        bool broken = false;
        calls.Fails = _ => Volatile.Read(ref away) || Volatile.Read(ref broken);
        calls.Fault = () => Volatile.Read(ref away) ? new StoreUnavailableException("away") : new InvalidOperationException("a round that fails otherwise");
        calls.Called = arguments => rounds.Enqueue((TimeProvider.System.GetTimestamp(), ((ReconcileOptions)arguments[0]!).DeclaresDead));
        Dictionary<string, string?> settings = new(Embedded.Quick)
        {
            ["Worker:HeartbeatInterval"] = "00:00:01",
            ["Worker:HeartbeatTimeout"] = $"{s_timeout:c}",
            ["Worker:ReconcileInterval"] = "00:00:00.1",
        };
        SluiceHostOptions options = new() { Embedded = true, Engine = EngineKind.Stub, Settings = settings };
        await using WorkerRig rig = await WorkerRig.StartAsync(options, services => services.AddSingleton(inner).AddSingleton(jobs).AddMemoryStore());
        await WorkerRig.EventuallyAsync(() => rounds.Any(round => round.DeclaresDead), "the node has heard the store for long enough", 30);

        // A store that answers, if only with a fault of this round's own, was not away: the next round declares as before.
        Volatile.Write(ref broken, true);
        int faults = rounds.Count;
        await WorkerRig.EventuallyAsync(() => rounds.Count >= faults + 3, "some rounds fault", 30);
        Volatile.Write(ref broken, false);
        int mended = rounds.Count;
        await WorkerRig.EventuallyAsync(() => rounds.Count >= mended + 2, "rounds go on", 30);
        Assert.All(rounds.Skip(faults), round => Assert.True(round.DeclaresDead));

        Volatile.Write(ref away, true);
        int failing = rounds.Count;
        await WorkerRig.EventuallyAsync(() => rounds.Count >= failing + 5, "some rounds fail", 30);
        Volatile.Write(ref away, false);
        int back = rounds.Count - 1; // whose answer may have come after
        await WorkerRig.EventuallyAsync(() => rounds.Skip(back).Any(round => round.DeclaresDead), "it has heard it for long enough again", 30);

        (long At, bool DeclaresDead)[] all = [.. rounds];
        Assert.True(Until(all) >= s_timeout, "declared dead too early after the start");
        Assert.True(Until(all[back..]) >= s_timeout, "declared dead too early after the store was away");
    }

    private static TimeSpan Until((long At, bool DeclaresDead)[] rounds) => TimeProvider.System.GetElapsedTime(rounds[0].At, rounds.First(round => round.DeclaresDead).At);
}
