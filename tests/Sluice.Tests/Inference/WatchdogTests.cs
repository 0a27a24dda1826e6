using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Batching;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Service.Models;
using Sluice.Service.Telemetry;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Inference;

/// <summary>Look after look at a loop whose clock stands still: jobs that came in numbers wait for the last of them, and are never handed over.</summary>
public sealed class WatchdogTests : IAsyncDisposable
{
    private readonly ServiceProvider _metering = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _ends = [];
    private readonly InferenceLoop _loop;
    private readonly Watchdog _watchdog;

    public WatchdogTests()
    {
        IOptions<WorkerOptions> options = Options.Create(new WorkerOptions());
        InferenceLoops loops = new(
            new ModelCatalog([StubModel.Create()]), null!, new HeldJobs(options), new FormerOptions(), null!, new ManualTime(), NullLogger<InferenceLoop>.Instance, NullLogger<InferenceLoops>.Instance);
        _loop = Assert.Single(loops.All);
        _watchdog = new Watchdog(loops, _ends.Add, new SluiceMetrics(_metering.GetRequiredService<IMeterFactory>()), options, TimeProvider.System, NullLogger<Watchdog>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _stop.Dispose();
        await _metering.DisposeAsync();
    }

    [Fact]
    public async Task Jobs_that_an_idle_engine_does_not_get_are_a_stall_from_the_first_that_waits()
    {
        StillEngine engine = new();
        Task runs = _loop.RunAsync(engine, _stop.Token);
        Look(2 * Watchdog.LooksPerLimit);
        Assert.Null(_watchdog.Slow); // nothing waits
        _loop.Add(Jobs(100));
        Look((Watchdog.LooksPerLimit / 2) - 1);
        Assert.Null(_watchdog.Slow);
        Look(1);
        Assert.NotNull(_watchdog.Slow);
        Look((Watchdog.LooksPerLimit / 2) - 1);
        Assert.Empty(_ends);
        Look(1);
        Assert.Contains("Worker:StallTimeout", Assert.Single(_ends), StringComparison.Ordinal);
        await _stop.CancelAsync();
        await runs;
    }

    [Fact]
    public async Task What_waits_once_nothing_more_is_handed_over_is_no_stall()
    {
        Task runs = _loop.RunAsync(new StillEngine(), _stop.Token);
        _loop.Add(Jobs(100));
        Look(1 + (Watchdog.LooksPerLimit / 2));
        Assert.NotNull(_watchdog.Slow);
        await _stop.CancelAsync(); // it drains, and the store that is to take them back is away
        await runs;
        Look(2 * Watchdog.LooksPerLimit);
        Assert.Equal(100, _loop.Waiting);
        Assert.Null(_watchdog.Slow);
        Assert.Empty(_ends);
    }

    [Fact]
    public async Task An_engine_that_computes_without_a_step_is_a_stall_as_long_as_it_does_even_while_the_worker_drains()
    {
        StillEngine engine = new() { Load = new EngineLoad(1, 0, 100, 7, 0, 0, 0, 0) };
        Task runs = _loop.RunAsync(engine, _stop.Token);
        await _stop.CancelAsync();
        await runs;
        Look(Watchdog.LooksPerLimit);
        Assert.NotNull(_watchdog.Slow);
        engine.Load = engine.Load with { Steps = 8 };
        Look(Watchdog.LooksPerLimit);
        Assert.Empty(_ends);
        Look(1);
        Assert.Single(_ends);
    }

    private void Look(int times)
    {
        for (int i = 0; i < times; i++)
        {
            _watchdog.Look();
        }
    }

    private static ReservedJob[] Jobs(int count) => [.. Enumerable.Range(0, count).Select(_ => new ReservedJob
    {
        Id = JobId.New(TimeProvider.System),
        Tenant = "t",
        Namespace = "default",
        Model = StubModel.Name,
        Kind = JobKind.Generate,
        Class = JobClass.Standard,
        OnLate = OnLate.Expire,
        PromptTokens = 1,
        MaxNewTokens = 1,
        PrefixKey = 0,
        CreatedAt = DateTimeOffset.UnixEpoch,
        ReservedAt = DateTimeOffset.UnixEpoch,
    })];

    /// <summary>Has room, and does nothing.</summary>
    private sealed class StillEngine : IEngine
    {
        public EngineInfo Info { get; } = new(StubModel.Name, "r1", "test", 1024, 64, 16, 4096, 16, 100);

        public EngineLoad Load { get; set; } = new(0, 0, 100, 0, 0, 0, 0, 0);

        public Task<EngineResult> RunAsync(EngineRequest request, CancellationToken cancellationToken) => throw new InvalidOperationException("Nothing is handed over here.");

        public ValueTask DisposeAsync() => default;
    }
}
