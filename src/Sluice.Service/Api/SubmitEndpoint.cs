using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Sluice.Jobs;
using Sluice.Service.Access;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Api;

/// <summary>POST /v1/jobs, and the retry of a job: both make a new one and may wait for its end.</summary>
internal sealed class SubmitEndpoint(JobIntake intake, JobWaiters waiters, IJobStore store, IHostApplicationLifetime lifetime, TimeProvider time)
{
    // Beneath the event: first look after a second, then more seldom, for an event is lost only when a node or the broker was.
    private static readonly TimeSpan s_firstPoll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_slowestPoll = TimeSpan.FromSeconds(4);

    public async Task<IResult> SubmitAsync(HttpContext context, Caller caller)
    {
        JobBodyResult body = await JobBody.ReadAsync(context);
        if (body.Problem is not null)
        {
            return body.Problem;
        }
        SubmitOptions submit = new() { IdempotencyKey = RequestHeaders.IdempotencyKey(context.Request), TraceParent = context.Request.Headers.TraceParent };
        return body.Errors.Count > 0
            ? Problems.Invalid(intake.Check(body.Job!, submit, body.Errors))
            : await SubmitAsync(context, caller, body.Job!, submit);
    }

    /// <summary>A new job from a finished one's request. An absolute deadline is not repeated, for it belonged to the first try.</summary>
    public async Task<IResult> RetryAsync(HttpContext context, Caller caller, string id)
    {
        if (!JobId.TryParse(id, out JobId jobId) || await store.GetAsync(caller.Tenant, jobId, context.RequestAborted) is not JobRecord job)
        {
            return Problems.NoJob(id);
        }
        if (!job.State.IsTerminal())
        {
            return Problems.Conflict("job_not_finished", $"Job {id} is {job.State.ToString().ToLowerInvariant()}; only a finished job can be retried.");
        }
        if (await store.GetInputAsync(caller.Tenant, jobId, context.RequestAborted) is not JobInput input)
        {
            return Problems.Conflict("input_erased", $"What job {id} was asked is no longer kept.");
        }
        SubmitOptions submit = new() { IdempotencyKey = RequestHeaders.IdempotencyKey(context.Request), TraceParent = context.Request.Headers.TraceParent, RetryOf = jobId };
        return await SubmitAsync(context, caller, input.Request with { Deadline = null }, submit);
    }

    private async Task<IResult> SubmitAsync(HttpContext context, Caller caller, JobRequest request, SubmitOptions submit)
    {
        int wait = RequestHeaders.WaitSeconds(context.Request);
        if (wait == 0)
        {
            return Answer(context, await intake.SubmitAsync(caller, request, submit, context.RequestAborted));
        }
        context.Response.Headers["Preference-Applied"] = $"wait={wait}";
        JobId id = JobId.New(time);
        long until = time.GetTimestamp() + (wait * time.TimestampFrequency);
        using JobWatch watch = waiters.Watch(id);
        IntakeResult result = await intake.SubmitAsync(caller, request, submit with { Id = id }, context.RequestAborted);
        if (result is not IntakeResult.Accepted { Job.State: JobState.Queued or JobState.Running } accepted)
        {
            return Answer(context, result);
        }
        if (accepted.Job.Id == id)
        {
            return Answer(context, accepted with { Job = await WaitAsync(watch, accepted.Job, until, context.RequestAborted) });
        }
        using JobWatch other = waiters.Watch(accepted.Job.Id);
        JobRecord now = await store.GetAsync(caller.Tenant, accepted.Job.Id, context.RequestAborted) ?? accepted.Job;
        return Answer(context, accepted with { Job = await WaitAsync(other, now, until, context.RequestAborted) });
    }

    /// <summary>The job as it stands at its end, when the time is over, or when this process stops.</summary>
    private async Task<JobRecord> WaitAsync(JobWatch watch, JobRecord job, long until, CancellationToken cancellationToken)
    {
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        TimeSpan poll = s_firstPoll;
        while (!job.State.IsTerminal() && !lifetime.ApplicationStopping.IsCancellationRequested)
        {
            TimeSpan left = time.GetElapsedTime(time.GetTimestamp(), until);
            if (left <= TimeSpan.Zero)
            {
                break;
            }
            bool told = false;
            try
            {
                told = await watch.WaitAsync(left < poll ? left : poll, over.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // the process stops: one last look
            }
            job = await store.GetAsync(job.Tenant, job.Id, cancellationToken) ?? job;
            if (told && !job.State.IsTerminal())
            {
                // Told, and yet not seen: a read that lags. The event will not come again.
                await Task.Delay(s_firstPoll / 10, time, cancellationToken);
            }
            poll = poll * 2 < s_slowestPoll ? poll * 2 : s_slowestPoll;
        }
        return job;
    }

    private static IResult Answer(HttpContext context, IntakeResult result) => result switch
    {
        IntakeResult.Accepted accepted => JobAnswer.ToSubmit(context, accepted.Job, accepted.Outcome == SubmitOutcome.Replayed),
        IntakeResult.Invalid invalid => Problems.Invalid(invalid.Errors),
        IntakeResult.KeyReused reused => Problems.KeyReused(reused.Key),
        IntakeResult.TooLate late => Problems.TooLate(late),
        IntakeResult.NotYet => Problems.NoEstimatesYet(),
        IntakeResult.Full full => Problems.Full(full.What, full.Bound),
        _ => throw new InvalidOperationException($"Unknown intake result {result.GetType().Name}."),
    };
}
