using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Sluice.Service.Access;
using Sluice.Service.Api;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>POST /v1/submissions.</summary>
internal sealed class SubmissionUpload(SubmissionReceiver receiver, IOptions<SubmissionOptions> options, IOptions<IntakeOptions> intake, TimeProvider time)
{
    public async Task<IResult> RunAsync(HttpContext context, Caller caller)
    {
        HttpRequest request = context.Request;
        if (!SubmissionBody.IsLines(request) && !SubmissionBody.IsList(request))
        {
            return new Problem(StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type",
                $"The body must be {string.Join(", ", SubmissionBody.LineTypes)} (a job per line) or application/json ({{\"jobs\":[…]}}); got {TextRules.Quote(request.ContentType ?? "none")}.");
        }
        RequestErrors errors = new();
        SubmissionSettings settings = SubmissionSettings.Read(request.Query, errors);
        string? key = RequestHeaders.IdempotencyKey(request);
        if (key is not null && !TextRules.IsKey(key))
        {
            errors.Add("Idempotency-Key", $"Idempotency-Key must be 1 to 255 printable ASCII characters; got {key.Length}.");
        }
        if (errors.All.Count > 0)
        {
            return Problems.Invalid(errors.All);
        }
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null; // held to Submissions:MaxBytes as it is read
        }
        Stream body = request.Body;
        if (SubmissionBody.IsList(request))
        {
            (Stream? lines, Problem? problem) = await SubmissionBody.ReadListAsync(context, options.Value.MaxListBytes);
            if (lines is null)
            {
                return problem!;
            }
            body = lines;
        }
        string defaults = JsonSerializer.Serialize(settings.Defaults, SubmissionJson.Default.LineDefaults);
        NewSubmission submission = new()
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            Tenant = caller.Tenant,
            Name = settings.Name,
            IdempotencyKey = key,
            KeepIncomplete = settings.KeepIncomplete,
            Defaults = defaults,
            Retention = intake.Value.Retention,
        };
        return Answer(context, await receiver.ReceiveAsync(submission, Encoding.UTF8.GetBytes(defaults + "\n"), body, context.RequestAborted), key);
    }

    private static IResult Answer(HttpContext context, Received received, string? key)
    {
        switch (received)
        {
            case Received.Stored stored:
                context.Response.Headers.Location = $"/v1/submissions/{SubmissionIds.Text(stored.Submission.Id)}";
                if (stored.Replayed)
                {
                    context.Response.Headers["Idempotent-Replayed"] = "true";
                }
                bool ended = stored.Submission.State >= Jobs.SubmissionState.Finished;
                return SubmissionRoutes.Answer(context, ended ? StatusCodes.Status200OK : StatusCodes.Status202Accepted, stored.Submission);
            case Received.Empty:
                return Problems.Invalid("body", "The body has no line.", "required");
            case Received.KeyReused:
                return Problems.KeyReused(key!);
            case Received.KeyTaken taken:
                string id = SubmissionIds.Text(taken.Submission.Id);
                return taken.Submission.UploadIncomplete
                    ? Problems.Conflict("upload_incomplete", $"Submission {id} has this Idempotency-Key: its upload broke off, and the {taken.Submission.Counts.Lines} lines that came were kept.")
                    : new Problem(StatusCodes.Status409Conflict, "upload_in_progress", $"Submission {id} has this Idempotency-Key and is still receiving.") { RetryAfter = 2 };
            case Received.TooLarge large:
                string left = large.Submission is { } begun ? $"submission {SubmissionIds.Text(begun.Id)} was cancelled after line {begun.LastLine}" : "nothing of this one is stored";
                return new Problem(StatusCodes.Status413PayloadTooLarge, "submission_too_large", $"A submission may have at most {large.Limit} {large.What}; {left}.");
            case Received.Ended over:
                return Problems.Conflict("submission_ended", $"Submission {SubmissionIds.Text(over.Submission.Id)} was {(over.Submission.UploadIncomplete ? "given up" : "cancelled")} while its lines came.");
            default:
                throw new InvalidOperationException($"Unknown result {received.GetType().Name}.");
        }
    }
}
