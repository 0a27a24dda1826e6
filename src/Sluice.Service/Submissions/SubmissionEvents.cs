using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Sluice.Jobs;
using Sluice.Service.Access;
using Sluice.Service.Api;
using Sluice.Service.Quotes;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>
/// GET /v1/submissions/{id}/events. An event is the submission as it stands; its id says how far that is, so that who comes back with <c>Last-Event-ID</c> is sent
/// nothing until something has changed. The stream ends with the submission, or when this process stops: who comes back is sent the rest by another.
/// </summary>
internal static class SubmissionEvents
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_beat = TimeSpan.FromSeconds(15);

    public static async Task<IResult> SendAsync(HttpContext context, Caller caller, ISubmissionStore store, QuoteBook quotes, IHostApplicationLifetime lifetime, TimeProvider time, string id)
    {
        CancellationToken gone = context.RequestAborted;
        if (!SubmissionIds.TryParse(id, out Guid found) || await store.GetAsync(caller.Tenant, found, gone) is not { } submission)
        {
            return SubmissionRoutes.None(id);
        }
        HttpResponse response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        string? last = context.Request.Headers["Last-Event-ID"];
        long sent = time.GetTimestamp();
        while (true)
        {
            string place = Place(submission);
            bool ended = submission.State >= SubmissionState.Finished && submission.Counts.Pending == 0;
            if (place != last)
            {
                string view = Encoding.UTF8.GetString(PlainJson.Write(SubmissionViews.Of(submission, quotes.EtaOf(submission)), JobsJson.Default.SubmissionView).Span);
                await WriteAsync(response, $"id: {place}\nevent: submission\ndata: {view}\n\n", gone);
                (last, sent) = (place, time.GetTimestamp());
            }
            else if (time.GetElapsedTime(sent) >= s_beat)
            {
                await WriteAsync(response, ": still here\n\n", gone);
                sent = time.GetTimestamp();
            }
            if (ended || lifetime.ApplicationStopping.IsCancellationRequested)
            {
                return Results.Empty;
            }
            await Task.Delay(s_look, time, gone);
            submission = await store.GetAsync(caller.Tenant, found, gone) ?? submission;
        }
    }

    private static string Place(SubmissionRecord submission)
    {
        SubmissionCounts counts = submission.Counts;
        return string.Create(CultureInfo.InvariantCulture, $"{(int)submission.State}-{submission.LastLine}-{counts.Invalid}-{counts.Fed}-{counts.Ended}");
    }

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken cancellationToken)
    {
        await response.WriteAsync(text, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}
