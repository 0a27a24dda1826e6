using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Sluice.Jobs;
using Sluice.Service.Access;
using Sluice.Service.Api;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>Results and errors as JSONL, page by page from the store: memory does not grow with their number.</summary>
internal static class SubmissionLines
{
    public const string ContentType = "application/jsonl";
    private const int PageLines = 500;
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static async Task<IResult> SendAsync(HttpContext context, Caller caller, ISubmissionStore store, string id, LineFilter filter)
    {
        CancellationToken gone = context.RequestAborted;
        if (!SubmissionIds.TryParse(id, out Guid found) || await store.GetAsync(caller.Tenant, found, gone) is not { } submission)
        {
            return SubmissionRoutes.None(id);
        }
        RequestErrors errors = new();
        (int after, int limit) = SubmissionQueries.ReadLines(context.Request.Query, errors);
        if (errors.All.Count > 0)
        {
            return Problems.Invalid(errors.All);
        }
        HttpResponse response = context.Response;
        bool complete = submission.State >= SubmissionState.Finished && submission.Counts.Pending == 0;
        // the first page before the first byte, so that a store that is away is still a 503
        IReadOnlyList<LineOutcome> page = await store.LinesAsync(caller.Tenant, found, filter, after, Math.Min(limit, PageLines), gone);
        response.ContentType = ContentType;
        response.Headers["x-submission-complete"] = complete ? "true" : "false";
        LineWriter lines = new(submission);
        ArrayBufferWriter<byte> buffer = new(64 << 10);
        using Utf8JsonWriter writer = new(buffer, s_options);
        while (page.Count > 0)
        {
            foreach (LineOutcome line in page)
            {
                lines.Write(writer, line);
                writer.Flush();
                buffer.Write("\n"u8);
                writer.Reset(buffer);
            }
            await response.Body.WriteAsync(buffer.WrittenMemory, gone);
            buffer.ResetWrittenCount();
            limit -= page.Count;
            if (limit == 0)
            {
                break;
            }
            page = await store.LinesAsync(caller.Tenant, found, filter, page[^1].Number, Math.Min(limit, PageLines), gone);
        }
        return Results.Empty;
    }
}
