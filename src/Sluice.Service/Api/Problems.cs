using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Sluice.Jobs;
using Sluice.Service.Intake;

namespace Sluice.Service.Api;

/// <summary>The errors of the HTTP surface, and the one way they are written.</summary>
internal static class Problems
{
    public const string ContentType = "application/problem+json";

    public static Problem Invalid(IReadOnlyList<FieldError> errors) =>
        new(StatusCodes.Status400BadRequest, errors[0].Code, string.Join(" ", errors.Select(error => error.Message))) { Errors = errors };

    public static Problem Invalid(string field, string message, string code = "invalid") => Invalid([new FieldError(field, message, code)]);

    public static Problem Unauthorized(string detail) => new(StatusCodes.Status401Unauthorized, "invalid_api_key", detail);

    public static Problem Forbidden(string detail) => new(StatusCodes.Status403Forbidden, "insufficient_scope", detail);

    public static Problem NoJob(string id) => new(StatusCodes.Status404NotFound, "job_not_found", $"There is no job {Intake.TextRules.Quote(id)}.");

    public static Problem NoEntry(string id) => new(StatusCodes.Status404NotFound, "entry_not_found", $"There is no cache entry {Intake.TextRules.Quote(id)}.");

    public static Problem Conflict(string code, string detail) => new(StatusCodes.Status409Conflict, code, detail) { Permanent = true };

    public static Problem TooLarge(long limit, long? size) => new(
        StatusCodes.Status413PayloadTooLarge, "body_too_large", $"The body may have at most {limit} bytes; got {size?.ToString(CultureInfo.InvariantCulture) ?? "more"}.");

    public static Problem KeyReused(string key) => new(
        StatusCodes.Status422UnprocessableEntity, "idempotency_key_reused", $"Idempotency-Key {Intake.TextRules.Quote(key)} came before with another request.")
    { Permanent = true };

    public static Problem Full(string what, long bound) => new(
        StatusCodes.Status429TooManyRequests, "queue_full", $"There may be at most {bound} {what}; submit more when some have ended.")
    { RetryAfter = 5 };

    public static Problem TooLate(IntakeResult.TooLate late) =>
        new(StatusCodes.Status422UnprocessableEntity, IntakeResult.TooLate.Code, late.Detail) { Errors = [new FieldError(late.Field, late.Detail, IntakeResult.TooLate.Code)], Eta = late.Eta };

    public static Problem NoEstimatesYet() => new(
        StatusCodes.Status503ServiceUnavailable, "no_estimates_yet", "This node has just started and has not read yet how long jobs take; on_late 'reject' needs that. Nothing was stored.")
    { RetryAfter = 1 };

    public static Problem Unavailable() => new(
        StatusCodes.Status503ServiceUnavailable, "store_unavailable", "The store cannot be reached. Nothing is known of the request's effect: repeat it with the same Idempotency-Key.")
    { RetryAfter = 2 };

    /// <summary>For answers that the framework leaves without a body: 404, 405, 415, ...</summary>
    public static Problem OfStatus(int status, HttpRequest request) => status switch
    {
        StatusCodes.Status404NotFound => new(status, "not_found", $"There is nothing at {Intake.TextRules.Quote(request.Path.Value ?? "/")}."),
        StatusCodes.Status405MethodNotAllowed => new(status, "method_not_allowed", $"{request.Method} is not for {Intake.TextRules.Quote(request.Path.Value ?? "/")}."),
        StatusCodes.Status415UnsupportedMediaType => new(status, "unsupported_media_type", $"The body must be application/json; got {Intake.TextRules.Quote(request.ContentType ?? "none")}."),
        >= 500 => new(status, "internal_error", "Something went wrong here; the trace id finds it in the log."),
        _ => new(status, "invalid_request", ReasonPhrases.GetReasonPhrase(status)),
    };

    /// <summary>Writes the merged body; does nothing where an answer has begun.</summary>
    public static Task WriteAsync(HttpContext context, Problem problem)
    {
        HttpResponse response = context.Response;
        if (response.HasStarted)
        {
            return Task.CompletedTask;
        }
        ProblemBody body = new()
        {
            Type = $"urn:sluice:problem:{problem.Code}",
            Title = ReasonPhrases.GetReasonPhrase(problem.Status),
            Status = problem.Status,
            Detail = problem.Detail,
            TraceId = Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier,
            Errors = problem.Errors,
            Eta = problem.Eta,
            Error = new ErrorBody(problem.Detail, ErrorType(problem.Status), problem.Errors?[0].Field, problem.Code),
        };
        if (problem.RetryAfter is int seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }
        if (problem.Permanent)
        {
            response.Headers["x-should-retry"] = "false";
        }
        ReadOnlyMemory<byte> bytes = PlainJson.Write(body, ApiJson.Default.ProblemBody);
        response.StatusCode = problem.Status;
        response.ContentType = ContentType;
        response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    private static string ErrorType(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
