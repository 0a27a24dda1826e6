using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Engine;

namespace Sluice.Service.Inference;

/// <summary>
/// Starts and stops the inference side of a process: engines load in the background while the rest is up, tickets are reserved from the moment that the
/// worker is registered. The order to stop begins the drain at once, whatever else of the host still has to end.
/// </summary>
internal sealed partial class Worker(
    Incarnation incarnation, EngineHost engines, InferenceLoops loops, Reservations reservations, Stealing stealing, Resuming resuming, Heartbeat heartbeat, Inventory inventory, Watchdog watchdog, CostKeeper costs, Finisher finisher, Drain drain, Haste haste,
    IHostApplicationLifetime lifetime, IOptions<WorkerOptions> options, TimeProvider time, ILogger<Worker> logger) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _intake = new(); // nothing new after this
    private readonly CancellationTokenSource _watch = new(); // no signs of life after this
    private readonly CancellationTokenSource _writing = new(Timeout.InfiniteTimeSpan, time); // no results after this
    private readonly Lock _lock = new();
    private Task? _drained;
    private Task _taking = Task.CompletedTask;
    private Task _watching = Task.CompletedTask;
    private Task _finishing = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(() => _ = DrainAsync());
        _finishing = Background.Run(() => finisher.RunAsync(_writing.Token));
        _watching = Background.Run(WatchAsync);
        _taking = Background.Run(TakeAsync);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => DrainAsync().WaitAsync(cancellationToken);

    public void Dispose()
    {
        _intake.Dispose();
        _watch.Dispose();
        _writing.Dispose();
    }

    private async Task TakeAsync()
    {
        try
        {
            if (!await IsRegisteredAsync())
            {
                return;
            }
            LogRegistered(incarnation.Name, incarnation.Current.Id);
            await Task.WhenAll([reservations.RunAsync(_intake.Token), stealing.RunAsync(_intake.Token), resuming.RunAsync(_intake.Token), .. loops.All.Select(RunAsync)]);
        }
        catch (OperationCanceledException) when (_intake.IsCancellationRequested)
        {
            // told to stop before it could begin
        }
    }

    /// <summary>False: the store refuses this worker, and the process stops.</summary>
    private async Task<bool> IsRegisteredAsync()
    {
        try
        {
            await incarnation.RegisterAsync(_intake.Token);
            return true;
        }
        catch (Exception e) when (!_intake.IsCancellationRequested)
        {
            LogNotRegistered(e, incarnation.Name);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
            return false;
        }
    }

    private async Task RunAsync(InferenceLoop loop)
    {
        IEngine engine;
        try
        {
            engine = await engines.LoadAsync(loop, _intake.Token);
        }
        catch (Exception e) when (!_intake.IsCancellationRequested)
        {
            // a worker that cannot run what it takes tickets for must not go on taking them
            LogNotLoaded(e, loop.Model.Name);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
            return;
        }
        await costs.RestoreAsync(loop, engine, _intake.Token);
        await loop.RunAsync(engine, _intake.Token);
    }

    private async Task WatchAsync() => await Task.WhenAll(heartbeat.RunAsync(_watch.Token), heartbeat.WatchLostAsync(_watch.Token), inventory.RunAsync(_watch.Token), watchdog.RunAsync(_watch.Token), costs.RunAsync(_watch.Token));

    /// <summary>Begins the drain on the first call; every call awaits its end.</summary>
    private Task DrainAsync()
    {
        lock (_lock)
        {
            return _drained ??= Background.Run(RunDrainAsync);
        }
    }

    private async Task RunDrainAsync()
    {
        using CancellationTokenSource most = new(options.Value.DrainTime, time);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(most.Token, haste.Token);
        _intake.Cancel();
        await EndedAsync(_taking, limit.Token);
        await drain.ReleaseHeldAsync(limit.Token);
        Task kept = costs.SaveAsync(limit.Token);
        await drain.EndRunsAsync(limit.Token);
        await EndedAsync(kept, limit.Token);
        finisher.Complete();
        _writing.CancelAfter(Drain.LastWrites);
        await EndedAsync(_finishing, CancellationToken.None);
        // a sign of life after the retirement would begin the worker anew
        _watch.Cancel();
        await EndedAsync(_watching, CancellationToken.None);
        await drain.RetireAsync();
    }

    /// <summary>Waits for a part's end, however it ended: none may keep the worker from retiring.</summary>
    private async Task EndedAsync(Task part, CancellationToken limit)
    {
        try
        {
            await part.WaitAsync(limit);
        }
        catch (OperationCanceledException)
        {
            // over its time, or told to stop
        }
        catch (Exception e)
        {
            LogFaulted(e);
        }
    }

    [LoggerMessage(4090, LogLevel.Information, "Worker {Name} takes jobs as {Id}")]
    private partial void LogRegistered(string name, Guid id);

    [LoggerMessage(4093, LogLevel.Critical, "The store refuses worker {Name}; the process stops")]
    private partial void LogNotRegistered(Exception exception, string name);

    [LoggerMessage(4092, LogLevel.Error, "A part of the worker ended by a fault; the drain goes on")]
    private partial void LogFaulted(Exception exception);

    [LoggerMessage(4091, LogLevel.Critical, "The engine of {Model} could not be loaded; the process stops")]
    private partial void LogNotLoaded(Exception exception, string model);
}
