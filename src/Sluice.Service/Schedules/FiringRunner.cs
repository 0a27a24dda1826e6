using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Telemetry;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>
/// Does what runs wait for: stages their rows, watches their submissions, delivers their answers, cancels what was superseded. Any scheduler takes any run; one that dies leaves
/// its runs to the others when its leases end.
/// </summary>
internal sealed partial class FiringRunner(
    IScheduleStore store, ISubmissionStore submissions, Stager stager, Deliverer deliverer, SluiceMetrics metrics, IOptions<ScheduleOptions> options, TimeProvider time, ILogger<FiringRunner> logger)
    : BackgroundService
{
    private const int MostWatched = 1000;

    private readonly ScheduleOptions _options = options.Value;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<(string Tenant, Task Work)> working = [];
        await Rounds.RunAsync(_options.Poll, atOnce: false, LookAsync, failure => LogFailed(failure.Message), time, stoppingToken);
        await Task.WhenAll(working.Select(one => one.Work)); // what is under way gives its runs back

        async Task LookAsync(CancellationToken cancellationToken)
        {
            working.RemoveAll(one => one.Work.IsCompleted);
            await WatchAsync(cancellationToken);
            while (working.Count < _options.Concurrency && await store.ClaimAsync(_options.Lease, FullTenants(), cancellationToken) is { } work)
            {
                working.Add((work.Firing.Tenant, WorkAsync(work, cancellationToken)));
            }
        }

        // Half of the places, for a run holds its own through all pauses between its attempts.
        string[] FullTenants() => [.. working.GroupBy(one => one.Tenant).Where(own => own.Count() >= (_options.Concurrency + 1) / 2).Select(own => own.Key)];
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        foreach (FiringRecord firing in await store.RunningAsync(MostWatched, cancellationToken))
        {
            SubmissionRecord? submission = await submissions.GetAsync(firing.Tenant, firing.Id, cancellationToken);
            if (submission is null or { State: SubmissionState.Finished or SubmissionState.Cancelled })
            {
                await store.AnsweredAsync(firing.Id, cancellationToken);
            }
        }
    }

    /// <summary>Never throws: a run that cannot be worked on is ended, or given back.</summary>
    private async Task WorkAsync(ClaimedFiring work, CancellationToken stopping)
    {
        await Task.Yield();
        await using FiringClaim claim = new(store, work, _options.Lease, failure => LogNotHeld(work.Firing.Id, failure.Message), time, stopping);
        try
        {
            await TryAsync(claim);
        }
        catch (Exception failure) when (failure is FiringLostException || claim.Lost)
        {
            LogLost(work.Firing.Id);
        }
        catch (Exception failure)
        {
            // A store that does not answer, the end of this process, or a fault of ours: the next claim begins where this one was. While this process goes on, later with each claim,
            // so that a run that always ends here leaves turns to others.
            TimeSpan pause = TimeSpan.Zero;
            if (!stopping.IsCancellationRequested)
            {
                LogGivenUp(work.Firing.Id, failure);
                pause = TimeSpan.FromTicks(Math.Min(Pause(work.Fence.Claims).Ticks, _options.Lease.Ticks));
            }
            await GiveBackAsync(claim, pause);
        }
    }

    private async Task TryAsync(FiringClaim claim)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await DoAsync(claim);
                return;
            }
            catch (Exception failure) when (failure is SourceException or SinkException)
            {
                bool mayPass = failure is SourceException { MayPass: true } or SinkException { MayPass: true };
                LogRefused(claim.Firing.Id, attempt, failure.Message);
                if (!mayPass || attempt >= _options.Attempts)
                {
                    await FailAsync(claim, failure is SourceException ? FiringEnds.Source : FiringEnds.Sink, failure.Message);
                    return;
                }
            }
            catch (Exception failure) when (IsUnforeseen(claim, failure))
            {
                LogUnforeseen(claim.Firing.Id, attempt, failure);
                if (attempt >= _options.Attempts)
                {
                    await FailAsync(claim, FiringEnds.Internal, FiringEnds.InternalMessage);
                    return;
                }
            }
            await Task.Delay(Pause(attempt), time, claim.Token);
        }
    }

    /// <summary>Neither the store's absence nor the end of the claim, so most likely the next claim's fault, too. One that is being cancelled is never given up: its jobs would go on.</summary>
    private static bool IsUnforeseen(FiringClaim claim, Exception failure) =>
        failure is not (StoreUnavailableException or FiringLostException) && !claim.Token.IsCancellationRequested && claim.Firing.State != FiringState.Cancelling;

    private TimeSpan Pause(int times) => TimeSpan.FromTicks(_options.RetryDelay.Ticks << Math.Min(times - 1, 8));

    private async Task DoAsync(FiringClaim claim)
    {
        switch (claim.Firing.State)
        {
            case FiringState.Staging:
                await stager.RunAsync(claim);
                break;
            case FiringState.Delivering:
                await deliverer.RunAsync(claim);
                metrics.ScheduleRun("finished", Late(claim.Firing));
                break;
            default:
                await stager.CancelAsync(claim.Work, claim.Token);
                await claim.EndAsync(FiringState.Cancelled, FiringEnds.Superseded, FiringEnds.SupersededMessage);
                metrics.ScheduleRun("cancelled", null);
                break;
        }
    }

    /// <summary>What was staged of a source that failed does not run; answers whose sink failed stay with their submission.</summary>
    private async Task FailAsync(FiringClaim claim, string code, string message)
    {
        FiringRecord firing = claim.Firing;
        if (firing.State == FiringState.Staging)
        {
            await submissions.CloseAsync(firing.Tenant, firing.Id, UploadEnd.Refused, null, claim.Token);
        }
        await claim.EndAsync(FiringState.Failed, code, message);
        metrics.ScheduleRun("failed", null);
    }

    private bool? Late(FiringRecord firing) => firing.Deadline is { } deadline ? (firing.AnsweredAt ?? time.GetUtcNow()) > deadline : null;

    private async Task GiveBackAsync(FiringClaim claim, TimeSpan pause)
    {
        try
        {
            await claim.GiveBackAsync(pause, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // its lease ends
        }
        catch (Exception failure)
        {
            LogNotHeld(claim.Firing.Id, failure.Message);
        }
    }

    [LoggerMessage(6040, LogLevel.Warning, "Schedules' runs could not be looked for and are looked for again: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(6041, LogLevel.Information, "Run {Firing} is another scheduler's, or was told to stop")]
    private partial void LogLost(Guid firing);

    [LoggerMessage(6042, LogLevel.Warning, "Run {Firing} is given back")]
    private partial void LogGivenUp(Guid firing, Exception failure);

    [LoggerMessage(6043, LogLevel.Warning, "Run {Firing}, attempt {Attempt}: {Reason}")]
    private partial void LogRefused(Guid firing, int attempt, string reason);

    [LoggerMessage(6044, LogLevel.Error, "Run {Firing}, attempt {Attempt}: a fault of the service itself")]
    private partial void LogUnforeseen(Guid firing, int attempt, Exception failure);

    [LoggerMessage(6045, LogLevel.Warning, "The claim on run {Firing} could not be written: {Reason}")]
    private partial void LogNotHeld(Guid firing, string reason);
}
