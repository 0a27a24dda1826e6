using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Sluice.Service.Cache;
using Sluice.Service.Telemetry;
using Sluice.Store;

namespace Sluice.Service.Intake;

/// <summary>
/// Group commit: submits that come in while a transaction runs share the next one. Nobody waits for company; a lone submit goes at once.
/// A store that fails or does not answer in time fails everyone who waited for it, so that no caller waits for a second time-out.
/// </summary>
internal sealed class SubmitBatcher(IJobStore store, SemanticTier semantic, OutboxSignal signal, SluiceMetrics metrics, IOptions<IntakeOptions> options, TimeProvider time) : BackgroundService
{
    private readonly IntakeOptions _options = options.Value;

    // Many writers, as many readers as transactions at a time; full means 503, so that memory stays bounded when the store is slow.
    private readonly Channel<Pending> _pending = Channel.CreateBounded<Pending>(new BoundedChannelOptions(options.Value.Backlog)
    {
        FullMode = BoundedChannelFullMode.Wait,
        SingleReader = options.Value.Transactions == 1,
        SingleWriter = false,
    });

    /// <summary>Stores one job with whatever else is waiting. Throws <see cref="StoreUnavailableException"/> when the store fails or too many wait.</summary>
    public Task<SubmitResult> SubmitAsync(NewJob job, CancellationToken cancellationToken)
    {
        Pending pending = new(job);
        if (!_pending.Writer.TryWrite(pending))
        {
            throw new StoreUnavailableException($"More than {_options.Backlog} submits wait for the store.");
        }
        return pending.Done.Task.WaitAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, _options.Transactions).Select(_ => CommitAsync(stoppingToken)));

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _pending.Writer.TryComplete();
        if (ExecuteTask is Task running)
        {
            await running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await base.StopAsync(cancellationToken);
        FailWaiting(new StoreUnavailableException("The service is stopping."));
    }

    private async Task CommitAsync(CancellationToken stoppingToken)
    {
        // Leaves the caller's thread before the first synchronous wait of the store.
        await Task.Yield();
        List<Pending> batch = new(_options.JobsPerTransaction);
        try
        {
            while (await _pending.Reader.WaitToReadAsync(stoppingToken))
            {
                batch.Clear();
                while (batch.Count < _options.JobsPerTransaction && _pending.Reader.TryRead(out Pending? pending))
                {
                    batch.Add(pending);
                }
                if (batch.Count > 0)
                {
                    await CommitAsync(batch, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // a host that did not come up: nobody waits
        }
    }

    private async Task CommitAsync(List<Pending> batch, CancellationToken stoppingToken)
    {
        using CancellationTokenSource timeout = new(_options.StoreTimeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stoppingToken);
        try
        {
            IReadOnlyList<NewJob> jobs = await semantic.MatchAsync([.. batch.Select(pending => pending.Job)], either.Token).WaitAsync(either.Token);
            IReadOnlyList<SubmitResult> results = await store.SubmitAsync(jobs, either.Token).WaitAsync(either.Token);
            for (int i = 0; i < batch.Count; i++)
            {
                batch[i].Done.TrySetResult(results[i]);
            }
            metrics.SubmitTransaction(batch.Count);
            signal.Pulse();
        }
        catch (OperationCanceledException exception) when (either.IsCancellationRequested)
        {
            Fail(batch, new StoreUnavailableException($"The store did not answer within {_options.StoreTimeout.TotalSeconds:0.###} s.", exception));
        }
        catch (StoreUnavailableException exception)
        {
            Fail(batch, exception);
        }
        catch (Exception exception)
        {
            // A bug or a row that the database refuses: those of this transaction fail, the loop lives.
            foreach (Pending pending in batch)
            {
                pending.Done.TrySetException(exception);
            }
        }
    }

    private void Fail(List<Pending> batch, StoreUnavailableException exception)
    {
        foreach (Pending pending in batch)
        {
            pending.Done.TrySetException(exception);
        }
        FailWaiting(exception);
    }

    private void FailWaiting(StoreUnavailableException exception)
    {
        while (_pending.Reader.TryRead(out Pending? pending))
        {
            pending.Done.TrySetException(exception);
        }
    }

    private sealed class Pending(NewJob job)
    {
        public NewJob Job => job;
        public TaskCompletionSource<SubmitResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
