using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Sluice.Jobs;
using Sluice.Service.Access;
using Sluice.Store;

namespace Sluice.Service.Api;

/// <summary>/v1/jobs. A job of another tenant is a job that does not exist.</summary>
internal static class JobEndpoints
{
    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder jobs = routes.MapGroup("/v1/jobs").WithTags("jobs");
        jobs.MapPost("", (HttpContext context, Caller caller, SubmitEndpoint submit) => submit.SubmitAsync(context, caller))
            .Needs(KeyScopes.Submit).WithName("submitJob").WithSummary("Submit a job.")
            .Accepts<JobRequest>("application/json").Answers<JobView>(200, 202).Fails(400, 401, 403, 413, 415, 422, 429, 503);
        jobs.MapGet("", ListAsync)
            .Needs(KeyScopes.Read).WithName("listJobs").WithSummary("List jobs, newest first. Query: state, submission, after, limit.")
            .Answers<JobPage>(200).Fails(400, 401, 403, 503);
        jobs.MapGet("{id}", GetAsync)
            .Needs(KeyScopes.Read).WithName("getJob").WithSummary("A job and, when it has ended, its answer.")
            .Answers<JobView>(200).Fails(401, 403, 404, 503);
        jobs.MapPost("{id}/cancel", CancelAsync)
            .Needs(KeyScopes.Submit).WithName("cancelJob").WithSummary("Cancel a job that has not ended.")
            .Answers<JobView>(200).Fails(401, 403, 404, 409, 503);
        jobs.MapPost("{id}/retry", (HttpContext context, Caller caller, SubmitEndpoint submit, string id) => submit.RetryAsync(context, caller, id))
            .Needs(KeyScopes.Submit).WithName("retryJob").WithSummary("A new job from the request of a finished one.")
            .Answers<JobView>(200, 202).Fails(401, 403, 404, 409, 422, 429, 503);
        jobs.MapDelete("{id}", EraseAsync)
            .Needs(KeyScopes.Submit).WithName("eraseJob").WithSummary("Erase what was asked and answered, cache entry and embedding included.")
            .Produces(StatusCodes.Status204NoContent).Fails(401, 403, 404, 503);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, IJobStore store)
    {
        if (!JobQueries.TryRead(context.Request.Query, out JobQuery query, out IReadOnlyList<FieldError> errors))
        {
            return Problems.Invalid(errors);
        }
        // One more than asked for tells whether there is a next page; at the store's own most that is found out by asking for it.
        int ask = Math.Min(query.Limit + 1, JobQueries.MaxLimit);
        JobList found = await store.ListAsync(caller.Tenant, query with { Limit = ask }, context.RequestAborted);
        List<JobView> data = [.. found.Take(query.Limit).Select(JobViews.Of)];
        bool more = found.Count > query.Limit || (ask == query.Limit && found.Count == ask);
        JobId? next = more ? data[^1].Id : found.Next;
        return new JsonAnswer<JobPage>(StatusCodes.Status200OK, new JobPage(data, next?.ToString()), JobsJson.Default.JobPage);
    }

    private static async Task<IResult> GetAsync(HttpContext context, Caller caller, IJobStore store, string id) =>
        JobId.TryParse(id, out JobId jobId) && await store.GetAsync(caller.Tenant, jobId, context.RequestAborted) is JobRecord job
            ? new JobAnswer(StatusCodes.Status200OK, job)
            : Problems.NoJob(id);

    private static async Task<IResult> CancelAsync(HttpContext context, Caller caller, IJobStore store, string id)
    {
        if (!JobId.TryParse(id, out JobId jobId) || await store.CancelAsync(caller.Tenant, jobId, context.RequestAborted) is not CancelResult result)
        {
            return Problems.NoJob(id);
        }
        return result.Cancelled || result.Job.State == JobState.Cancelled
            ? new JobAnswer(StatusCodes.Status200OK, result.Job)
            : Problems.Conflict("job_finished", $"Job {id} has already ended: {result.Job.State.ToString().ToLowerInvariant()}.");
    }

    private static async Task<IResult> EraseAsync(HttpContext context, Caller caller, IJobStore store, string id) =>
        JobId.TryParse(id, out JobId jobId) && await store.EraseAsync(caller.Tenant, jobId, context.RequestAborted)
            ? Results.NoContent()
            : Problems.NoJob(id);
}
