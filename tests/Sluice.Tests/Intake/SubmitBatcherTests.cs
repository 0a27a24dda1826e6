using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Cache;
using Sluice.Service.Intake;
using Sluice.Service.Telemetry;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Tests.Intake;

public sealed class SubmitBatcherTests : IAsyncDisposable
{
    private readonly ManualTime _time = new();
    private readonly MemoryJobStore _inner;
    private readonly GatedStore _store;
    private readonly OutboxSignal _signal = new(TimeProvider.System);
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private SubmitBatcher? _batcher;

    public SubmitBatcherTests()
    {
        _inner = new MemoryJobStore(_time);
        _store = new GatedStore(_inner);
    }

    public async ValueTask DisposeAsync()
    {
        _store.Gate.TrySetResult();
        if (_batcher is not null)
        {
            await _batcher.StopAsync(CancellationToken.None);
            _batcher.Dispose();
        }
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task Submits_that_come_while_a_transaction_runs_share_the_next_one()
    {
        SubmitBatcher batcher = await StartAsync(new IntakeOptions { Transactions = 1 });
        Task<SubmitResult> first = batcher.SubmitAsync(Job("first"), CancellationToken.None);
        await _store.Entered.Task;
        Task<SubmitResult>[] rest = [.. Enumerable.Range(0, 50).Select(i => batcher.SubmitAsync(Job($"p{i}"), CancellationToken.None))];
        _store.Gate.SetResult();

        await first;
        SubmitResult[] results = await Task.WhenAll(rest);
        Assert.All(results, result => Assert.Equal(SubmitOutcome.Queued, result.Outcome));
        Assert.Equal([1, 50], _store.Sizes);
        Assert.True(await _signal.WaitAsync(TimeSpan.Zero, CancellationToken.None));
    }

    [Fact]
    public async Task A_transaction_takes_no_more_jobs_than_it_may()
    {
        SubmitBatcher batcher = await StartAsync(new IntakeOptions { Transactions = 1, JobsPerTransaction = 20 });
        Task<SubmitResult> first = batcher.SubmitAsync(Job("first"), CancellationToken.None);
        await _store.Entered.Task;
        Task<SubmitResult>[] rest = [.. Enumerable.Range(0, 50).Select(i => batcher.SubmitAsync(Job($"p{i}"), CancellationToken.None))];
        _store.Gate.SetResult();
        await Task.WhenAll([first, .. rest]);
        Assert.Equal([1, 20, 20, 10], _store.Sizes);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_fails_all_who_wait_with_its_one_timeout()
    {
        SubmitBatcher batcher = await StartAsync(new IntakeOptions { Transactions = 1, StoreTimeout = TimeSpan.FromSeconds(1.5) });
        Task<SubmitResult> first = batcher.SubmitAsync(Job("first"), CancellationToken.None);
        await _store.Entered.Task;
        Task<SubmitResult> second = batcher.SubmitAsync(Job("second"), CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(1.6));

        await Assert.ThrowsAsync<StoreUnavailableException>(() => first);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => second);
        _store.Gate.SetResult();
        Assert.Equal(SubmitOutcome.Queued, (await batcher.SubmitAsync(Job("third"), CancellationToken.None)).Outcome);
    }

    [Fact]
    public async Task More_than_may_wait_are_turned_away_at_once()
    {
        SubmitBatcher batcher = await StartAsync(new IntakeOptions { Transactions = 1, Backlog = 3 });
        Task<SubmitResult> first = batcher.SubmitAsync(Job("first"), CancellationToken.None);
        await _store.Entered.Task;
        Task<SubmitResult>[] waiting = [.. Enumerable.Range(0, 3).Select(i => batcher.SubmitAsync(Job($"p{i}"), CancellationToken.None))];
        await Assert.ThrowsAsync<StoreUnavailableException>(() => batcher.SubmitAsync(Job("too many"), CancellationToken.None));
        _store.Gate.SetResult();
        await Task.WhenAll([first, .. waiting]);
    }

    [Fact]
    public async Task A_failure_that_is_not_the_stores_absence_fails_only_its_own_transaction()
    {
        SubmitBatcher batcher = await StartAsync(new IntakeOptions { Transactions = 1 });
        _store.Fault = new InvalidOperationException("a bug");
        _store.Gate.SetResult();
        await Assert.ThrowsAsync<InvalidOperationException>(() => batcher.SubmitAsync(Job("first"), CancellationToken.None));
        _store.Fault = null;
        Assert.Equal(SubmitOutcome.Queued, (await batcher.SubmitAsync(Job("second"), CancellationToken.None)).Outcome);
    }

    private async Task<SubmitBatcher> StartAsync(IntakeOptions options)
    {
        _batcher = new SubmitBatcher(_store.Store, new SemanticTier(new MemorySemanticCache(_inner)), _signal, new SluiceMetrics(_services.GetRequiredService<IMeterFactory>()), Options.Create(options), _time);
        await _batcher.StartAsync(CancellationToken.None);
        return _batcher;
    }

    private NewJob Job(string prompt) => new()
    {
        Id = JobId.New(_time),
        Tenant = "default",
        Namespace = "default",
        Kind = JobKind.Generate,
        Class = JobClass.Standard,
        Model = "stub",
        ModelRevision = "stub-v1",
        Request = new JobRequest { Model = "stub", Prompt = prompt },
        PromptTokens = 2,
        MaxNewTokens = 2,
        PrefixKey = 1,
    };
}
