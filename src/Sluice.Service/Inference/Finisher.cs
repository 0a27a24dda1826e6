using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Service.Telemetry;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// Group commit of outcomes: those that come while a transaction runs share the next. While the store is away they wait here; the fence decides later
/// whether they still count.
/// </summary>
internal sealed partial class Finisher(IJobStore store, Incarnation incarnation, OutboxSignal signal, SluiceMetrics metrics, TimeProvider time, ILogger<Finisher> logger)
{
    private const int MaxPerTransaction = 512;
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(5);

    // Unbounded: while the store is away nothing is claimed, so no more than the engines' sequences can come.
    private readonly Channel<Finished> _outcomes = Channel.CreateUnbounded<Finished>(new UnboundedChannelOptions { SingleReader = true });

    // Runs whose end the store has not answered yet, wherever in here they are.
    private readonly ConcurrentDictionary<Fence, bool> _open = new();

    public void Add(Finished finished)
    {
        _open[finished.Outcome.Fence] = true;
        _outcomes.Writer.TryWrite(finished);
    }

    /// <summary>The end of this run is on its way to the store.</summary>
    public bool Contains(Fence fence) => _open.ContainsKey(fence);

    /// <summary>Returns when the store has answered every outcome that is on its way now.</summary>
    public async Task SettleAsync()
    {
        ICollection<Fence> open = _open.Keys;
        while (open.Any(_open.ContainsKey))
        {
            await Task.Delay(s_look, time, CancellationToken.None);
        }
    }

    /// <summary>No more outcomes come; <see cref="RunAsync"/> ends when those that wait are written.</summary>
    public void Complete() => _outcomes.Writer.TryComplete();

    /// <summary>Writes until <see cref="Complete"/>, or until <paramref name="giveUp"/>: then what is left is lost, and the jobs run again elsewhere.</summary>
    public async Task RunAsync(CancellationToken giveUp)
    {
        List<Finished> batch = new(MaxPerTransaction);
        try
        {
            while (await _outcomes.Reader.WaitToReadAsync(giveUp))
            {
                batch.Clear();
                while (batch.Count < MaxPerTransaction && _outcomes.Reader.TryRead(out Finished? finished))
                {
                    batch.Add(finished);
                }
                await WriteAsync(batch, giveUp);
                foreach (Finished finished in batch)
                {
                    _open.TryRemove(finished.Outcome.Fence, out _);
                }
            }
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
        {
            LogGivenUp(_open.Count);
            _open.Clear();
        }
    }

    private async Task WriteAsync(List<Finished> batch, CancellationToken giveUp)
    {
        try
        {
            await CommitAsync(batch, giveUp);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // one outcome that the store refuses must not take the others with it
            LogRefused(e, batch.Count);
            foreach (Finished finished in batch)
            {
                await WriteAloneAsync(finished, giveUp);
            }
        }
    }

    private async Task WriteAloneAsync(Finished finished, CancellationToken giveUp)
    {
        try
        {
            await CommitAsync([finished], giveUp);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            JobOutcome failed = new()
            {
                Fence = finished.Outcome.Fence,
                State = JobState.Failed,
                Error = new JobError("result_refused", "The result could not be stored."),
                Batch = finished.Outcome.Batch,
            };
            try
            {
                await CommitAsync([finished with { Outcome = failed }], giveUp);
            }
            catch (Exception again) when (again is not OperationCanceledException)
            {
                LogLost(again, finished.Outcome.Fence.Job);
            }
        }
    }

    private async Task CommitAsync(List<Finished> batch, CancellationToken giveUp)
    {
        JobOutcome[] outcomes = [.. batch.Select(finished => finished.Outcome)];
        Activity?[]? spans = StartSpans(batch);
        IReadOnlyList<bool> written = await StoreRetry.UntilAnsweredAsync(token => store.FinishAsync(incarnation.Current.Id, outcomes, token), time, giveUp);
        Crash.At("finish_before_signal");
        signal.Pulse();
        int stale = 0;
        for (int i = 0; i < outcomes.Length; i++)
        {
            spans?[i]?.SetTag("sluice.stale", !written[i]).Dispose();
            if (written[i])
            {
                Count(batch[i]);
            }
            else
            {
                stale++;
            }
        }
        if (stale > 0)
        {
            metrics.StaleResults(stale);
            LogStale(stale, outcomes.Length);
        }
    }

    /// <summary>One span per job, child of the job's own trace and linked to its batch: where its way ends.</summary>
    private static Activity?[]? StartSpans(List<Finished> batch)
    {
        if (!SluiceActivity.Source.HasListeners())
        {
            return null;
        }
        Activity?[] spans = new Activity?[batch.Count];
        for (int i = 0; i < spans.Length; i++)
        {
            Finished finished = batch[i];
            Activity? span = SluiceActivity.Start("job finish", finished.Job.TraceParent);
            span?.SetTag("sluice.job.id", finished.Outcome.Fence.Job.ToString()).SetTag("sluice.job.state", finished.Outcome.State.Label());
            if (finished.Batch is { } context)
            {
                span?.AddLink(new ActivityLink(context));
            }
            spans[i] = span;
        }
        return spans;
    }

    private void Count(Finished finished)
    {
        if (finished.Outcome.Retryable)
        {
            return;
        }
        TimeSpan ran = time.GetElapsedTime(finished.ClaimedAt);
        TimeSpan? waited = finished.Reserved is { } reserved ? time.GetUtcNow() - ran - reserved.CreatedAt : null;
        metrics.Finished(finished.Outcome.State, finished.Job.Model, finished.Reserved?.Class ?? JobClass.Standard, waited, ran);
        Judge(finished.Job, finished.Outcome.State, finished.Reserved?.Class ?? JobClass.Standard, finished.Job.StartedAt - finished.Job.CreatedAt + ran);
        if (finished.Outcome.Result?.Usage is { } usage)
        {
            metrics.Tokens(finished.Job.Model, usage);
        }
    }

    /// <summary>Holds what the job's caller was told against what came. All times are differences: the store's before the claim, this process's since.</summary>
    private void Judge(ClaimedJob job, JobState state, JobClass jobClass, TimeSpan took)
    {
        if (job.Eta is { } eta && state == JobState.Succeeded)
        {
            metrics.Quoted(job.Model, jobClass, eta - job.CreatedAt, took);
        }
        if (job.WillMeetDeadline == true && job.Deadline is { } deadline && state is JobState.Succeeded or JobState.Expired)
        {
            metrics.Promised(1, state == JobState.Succeeded && job.CreatedAt + took <= deadline);
        }
    }

    [LoggerMessage(4040, LogLevel.Warning, "Discarded {Stale} of {Outcomes} results: their jobs were cancelled, expired or taken over")]
    private partial void LogStale(int stale, int outcomes);

    [LoggerMessage(4041, LogLevel.Error, "The store refused a transaction of {Outcomes} results; each is tried alone")]
    private partial void LogRefused(Exception exception, int outcomes);

    [LoggerMessage(4042, LogLevel.Error, "The end of job {Job} could not be stored")]
    private partial void LogLost(Exception exception, JobId job);

    [LoggerMessage(4043, LogLevel.Warning, "The store did not come back in time: {Outcomes} results are given up, their jobs run again")]
    private partial void LogGivenUp(int outcomes);
}
