using System.Globalization;
using Microsoft.AspNetCore.Http;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Api;

/// <summary>A job as an answer: one that has not ended says when to ask again.</summary>
internal sealed class JobAnswer(int status, JobRecord job) : IResult
{
    private const int PollSeconds = 1;

    /// <summary>To a submit: 200 with a job that has ended, 202 with one that has not; both say where it is.</summary>
    public static IResult ToSubmit(HttpContext context, JobRecord job, bool replayed)
    {
        context.Response.Headers.Location = $"/v1/jobs/{job.Id}";
        if (replayed)
        {
            context.Response.Headers["Idempotent-Replayed"] = "true";
        }
        return new JobAnswer(job.State.IsTerminal() ? StatusCodes.Status200OK : StatusCodes.Status202Accepted, job);
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        if (!job.State.IsTerminal())
        {
            httpContext.Response.Headers.RetryAfter = PollSeconds.ToString(CultureInfo.InvariantCulture);
        }
        return new JsonAnswer<JobView>(status, JobViews.Of(job), JobsJson.Default.JobView).ExecuteAsync(httpContext);
    }
}
