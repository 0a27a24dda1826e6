using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Jobs;
using Sluice.Service.Access;
using Sluice.Service.Api;
using Sluice.Service.Intake;
using Sluice.Service.Quotes;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>/v1/submissions. A submission of another tenant is one that does not exist.</summary>
internal static class SubmissionRoutes
{
    private const int PollSeconds = 1;

    public static void MapSubmissions(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder all = routes.MapGroup("/v1/submissions").WithTags("submissions");
        all.MapPost("", (HttpContext context, Caller caller, SubmissionUpload upload) => upload.RunAsync(context, caller))
            .Needs(KeyScopes.Submit).WithName("submitLines").WithSummary("Submit many jobs: a JSONL body, read line by line, or {\"jobs\":[…]}. Answers when every line is durable.")
            .Accepts<JobRequest>("application/jsonl", ["application/x-ndjson", "text/plain", "application/json"])
            .Answers<SubmissionView>(200, 202).Fails(400, 401, 403, 409, 413, 415, 422, 503);
        all.MapGet("", ListAsync)
            .Needs(KeyScopes.Read).WithName("listSubmissions").WithSummary("List submissions, newest first.")
            .Answers<SubmissionPage>(200).Fails(400, 401, 403, 503);
        all.MapGet("{id}", GetAsync)
            .Needs(KeyScopes.Read).WithName("getSubmission").WithSummary("How far a submission is.")
            .Answers<SubmissionView>(200).Fails(401, 403, 404, 503);
        all.MapPost("{id}/cancel", CancelAsync)
            .Needs(KeyScopes.Submit).WithName("cancelSubmission").WithSummary("End everything that has not ended; what has keeps its end.")
            .Answers<SubmissionView>(200).Fails(401, 403, 404, 409, 503);
        Lines(all, "results", LineFilter.Succeeded, "getSubmissionResults", "The answers as JSONL, in the order of the input; whole once the submission has ended.");
        Lines(all, "errors", LineFilter.Failed, "getSubmissionErrors", "Lines without an answer as JSONL, and why: invalid, failed, expired, cancelled.");
        all.MapGet("{id}/events", SubmissionEvents.SendAsync)
            .Needs(KeyScopes.Read).WithName("watchSubmission").WithSummary("Server-sent events: the submission, whenever its counts have changed, until it has ended.")
            .Produces(StatusCodes.Status200OK, contentType: "text/event-stream").Fails(401, 403, 404, 503);
    }

    /// <summary>One that has not ended says when to ask again.</summary>
    public static JsonAnswer<SubmissionView> Answer(HttpContext context, int status, SubmissionRecord submission)
    {
        if (submission.State < SubmissionState.Finished)
        {
            context.Response.Headers.RetryAfter = PollSeconds.ToString(CultureInfo.InvariantCulture);
        }
        return new JsonAnswer<SubmissionView>(status, SubmissionViews.Of(submission, context.RequestServices.GetRequiredService<QuoteBook>().EtaOf(submission)), JobsJson.Default.SubmissionView);
    }

    public static Problem None(string id) => new(StatusCodes.Status404NotFound, "submission_not_found", $"There is no submission {TextRules.Quote(id)}.");

    private static void Lines(RouteGroupBuilder all, string path, LineFilter filter, string name, string summary) =>
        all.MapGet($"{{id}}/{path}", (HttpContext context, Caller caller, ISubmissionStore store, string id) => SubmissionLines.SendAsync(context, caller, store, id, filter))
            .Needs(KeyScopes.Read).WithName(name).WithSummary(summary)
            .Produces(StatusCodes.Status200OK, contentType: SubmissionLines.ContentType).Fails(400, 401, 403, 404, 503);

    private static async Task<IResult> GetAsync(HttpContext context, Caller caller, ISubmissionStore store, string id) =>
        SubmissionIds.TryParse(id, out Guid found) && await store.GetAsync(caller.Tenant, found, context.RequestAborted) is { } submission
            ? Answer(context, StatusCodes.Status200OK, submission)
            : None(id);

    private static async Task<IResult> CancelAsync(HttpContext context, Caller caller, ISubmissionStore store, string id)
    {
        if (!SubmissionIds.TryParse(id, out Guid found) || await store.CancelAsync(caller.Tenant, found, context.RequestAborted) is not { } submission)
        {
            return None(id);
        }
        return submission.State == SubmissionState.Cancelled
            ? Answer(context, StatusCodes.Status200OK, submission)
            : Problems.Conflict("submission_finished", $"Submission {id} has already ended.");
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, ISubmissionStore store, QuoteBook quotes)
    {
        RequestErrors errors = new();
        SubmissionQuery query = SubmissionQueries.Read(context.Request.Query, errors);
        if (errors.All.Count > 0)
        {
            return Problems.Invalid(errors.All);
        }
        IReadOnlyList<SubmissionRecord> found = await store.ListAsync(caller.Tenant, query with { Limit = query.Limit + 1 }, context.RequestAborted);
        List<SubmissionView> data = [.. found.Take(query.Limit).Select(submission => SubmissionViews.Of(submission, quotes.EtaOf(submission)))];
        return new JsonAnswer<SubmissionPage>(StatusCodes.Status200OK, new SubmissionPage(data, found.Count > query.Limit ? data[^1].Id : null), JobsJson.Default.SubmissionPage);
    }
}
