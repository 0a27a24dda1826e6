using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Sluice.Batching;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Models;
using Sluice.Service.Telemetry;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>Claims what a former hands over, exactly that, runs it, and passes the outcomes on to the finisher.</summary>
internal sealed partial class BatchRunner(
    Claims claims, EngineRequests requests, Finisher finisher, RunningJobs running, HeldJobs held, SluiceMetrics metrics, TimeProvider time, ILogger<BatchRunner> logger)
{
    /// <summary>Told when the store has answered a claim, whatever it said.</summary>
    public delegate void ClaimedHandler();

    /// <summary>Told once per job of a batch when it no longer takes room: not claimed, ended, failed or cancelled (then without a result).</summary>
    public delegate void EndedHandler(WaitingJob job, bool suspect, EngineResult? result);

    /// <summary>Starts and returns; everything else is told through the handlers.</summary>
    public void Run(FormedBatch batch, ServedModel model, IEngine engine, ClaimedHandler claimed, EndedHandler ended)
    {
        running.Enter(batch.Jobs.Count);
        _ = Background.Run(() => RunAsync(batch, model, engine, claimed, ended));
    }

    /// <summary>Ends jobs that leave without running: those that cannot meet their deadline, and those that this engine can never hold.</summary>
    public void End(IReadOnlyList<LeavingJob> expired, IReadOnlyList<LeavingJob> impossible)
    {
        int jobs = expired.Count + impossible.Count;
        running.Enter(jobs);
        _ = Background.Run(EndAsync);

        async Task EndAsync()
        {
            try
            {
                Dictionary<JobId, (JobState State, JobError Error)> ends = [];
                foreach (LeavingJob leaving in expired)
                {
                    ends[leaving.Job.Id] = (JobState.Expired, new JobError("deadline_unreachable", leaving.Why));
                }
                foreach (LeavingJob leaving in impossible)
                {
                    ends[leaving.Job.Id] = (JobState.Failed, new JobError("invalid", leaving.Why));
                }
                foreach (ClaimedJob job in (await claims.ClaimAsync([.. ends.Keys])).Jobs)
                {
                    (JobState state, JobError error) = ends[job.Id];
                    finisher.Add(new Finished(new JobOutcome { Fence = job.Fence, State = state, Error = error }, job, held.Remove(job.Id), null) { ClaimedAt = time.GetTimestamp() });
                }
            }
            catch (Exception e)
            {
                LogBatch(e, Guid.Empty);
            }
            finally
            {
                foreach (LeavingJob leaving in expired.Concat(impossible))
                {
                    held.Remove(leaving.Job.Id);
                }
                running.Leave(jobs);
            }
        }
    }

    private async Task RunAsync(FormedBatch batch, ServedModel model, IEngine engine, ClaimedHandler claimed, EndedHandler ended)
    {
        Dictionary<JobId, WaitingJob> open = batch.Jobs.ToDictionary(job => job.Id);
        List<Task> runs = [];
        Activity? span = null;
        CancellationToken dead = default;
        try
        {
            IReadOnlyList<ClaimedJob> jobs;
            try
            {
                if (batch.Suspects)
                {
                    // a job counts as running until its end is stored: beside one, a suspect would not be seen to have crashed alone
                    await finisher.SettleAsync();
                }
                (jobs, dead) = await claims.ClaimAsync([.. open.Keys]);
            }
            finally
            {
                claimed();
            }
            span = SluiceActivity.StartLinked("batch", jobs.Select(job => job.TraceParent));
            span?.SetTag("sluice.batch.id", batch.Id.ToString()).SetTag("sluice.batch.jobs", jobs.Count).SetTag("sluice.model", model.Name);
            string reason = Reason(batch.Reason);
            metrics.Batch(model.Name, reason, jobs.Count);
            LogHandedOver(batch.Id, model.Name, jobs.Count, reason, batch.PromptTokens);
            // all requests first, so that the sequences join one step
            List<(ClaimedJob Job, WaitingJob Waiting, EngineRequest Request)> ready = new(jobs.Count);
            foreach (ClaimedJob job in jobs)
            {
                if (Prepare(job, model, batch.Id) is { } request && open.Remove(job.Id, out WaitingJob? waiting))
                {
                    ready.Add((job, waiting, request with { Group = waiting.PrefixKey, Class = (int)waiting.Class }));
                }
            }
            foreach ((ClaimedJob job, WaitingJob waiting, EngineRequest request) in ready)
            {
                runs.Add(RunOneAsync(job, waiting, request));
            }
        }
        catch (Exception e)
        {
            LogBatch(e, batch.Id);
        }
        foreach (WaitingJob job in open.Values)
        {
            held.Remove(job.Id);
            ended(job, batch.Suspects, null);
        }
        running.Leave(open.Count);
        await Task.WhenAll(runs);
        span?.Dispose();

        async Task RunOneAsync(ClaimedJob job, WaitingJob waiting, EngineRequest request)
        {
            long claimedAt = time.GetTimestamp();
            EngineResult? result = null;
            using CancellationTokenSource cancel = CancellationTokenSource.CreateLinkedTokenSource(dead);
            running.Add(job.Fence, cancel);
            ReservedJob? reserved = held.Remove(job.Id);
            JobOutcome? outcome = null;
            try
            {
                Crash.At("run_before_engine");
                result = await engine.RunAsync(request, cancel.Token);
                Crash.At("run_after_engine");
                outcome = new JobOutcome
                {
                    Fence = job.Fence,
                    State = JobState.Succeeded,
                    Result = EngineAnswers.Result(job, request, result, model),
                    OtherRevision = model.Revision == job.ModelRevision ? null : model.Revision,
                    Batch = batch.Id,
                };
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                // cancelled, taken away, or released by a drain: somebody else says what becomes of it
            }
            catch (ArgumentException e) when (result is null)
            {
                outcome = Failed(job, batch.Id, new JobError("invalid", e.Message), retryable: false);
            }
            catch (Exception e)
            {
                LogFault(e, job.Id, model.Name);
                outcome = Failed(job, batch.Id, new JobError("engine_fault", e.Message), retryable: true);
            }
            // first of all: whoever sees that it no longer runs finds its end on the way
            if (outcome is not null)
            {
                finisher.Add(new Finished(outcome, job, reserved, span?.Context) { ClaimedAt = claimedAt });
            }
            running.Remove(job.Id);
            ended(waiting, batch.Suspects, result);
            running.Leave(1);
        }
    }

    /// <summary>Null where the job cannot run; its outcome is on its way then.</summary>
    private EngineRequest? Prepare(ClaimedJob job, ServedModel model, Guid batch)
    {
        try
        {
            return requests.Build(job, model);
        }
        catch (Exception e)
        {
            // one request that cannot be built must not leave its batch running for nobody
            bool invalid = e is ArgumentException;
            JobOutcome failed = Failed(job, batch, new JobError(invalid ? "invalid" : "engine_fault", e.Message), retryable: !invalid);
            finisher.Add(new Finished(failed, job, held.Remove(job.Id), null) { ClaimedAt = time.GetTimestamp() });
            return null;
        }
    }

    private static JobOutcome Failed(ClaimedJob job, Guid batch, JobError error, bool retryable) =>
        new() { Fence = job.Fence, State = JobState.Failed, Error = error, Batch = batch, Retryable = retryable };

    private static string Reason(CloseReason reason) => reason switch
    {
        CloseReason.Full => "full",
        CloseReason.DeadlineNear => "deadline_near",
        CloseReason.LingerOver => "linger_over",
        CloseReason.EngineIdle => "engine_idle",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Not a reason to close a batch."),
    };

    [LoggerMessage(4010, LogLevel.Information, "Batch {Batch} of {Model}: {Jobs} jobs, {Reason}, {PromptTokens} prompt tokens")]
    private partial void LogHandedOver(Guid batch, string model, int jobs, string reason, int promptTokens);

    [LoggerMessage(4011, LogLevel.Error, "Batch {Batch} could not be run")]
    private partial void LogBatch(Exception exception, Guid batch);

    [LoggerMessage(4012, LogLevel.Warning, "Job {Job} met a fault of {Model}'s engine and may be tried again")]
    private partial void LogFault(Exception exception, JobId job, string model);
}
