using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Submissions;
using Sluice.Store;

namespace Sluice.Service.Webhooks;

/// <summary>What is sent: that a job or a submission has ended, how, and where to ask; never what it was asked or answered.</summary>
/// <param name="Type">The event, <c>job.succeeded</c>.</param>
/// <param name="Timestamp">When the job ended.</param>
/// <param name="Data">The job.</param>
internal sealed record WebhookMessage(string Type, DateTimeOffset Timestamp, WebhookJob Data);

/// <summary>The job of a message.</summary>
internal sealed record WebhookJob(JobId Id, string Object, JobState State, string Url, string? CustomId, string? ErrorCode);

/// <summary>As <see cref="WebhookMessage"/>, of a submission.</summary>
internal sealed record SubmissionMessage(string Type, DateTimeOffset Timestamp, WebhookSubmission Data);

/// <summary>The submission of a message.</summary>
internal sealed record WebhookSubmission(string Id, string Object, SubmissionState State, SubmissionOutcome? Outcome, SubmissionCountsView Counts, string Url);

/// <summary>Composes bodies. Every receiver gets every attempt of a delivery in the same bytes: they are stored.</summary>
internal sealed class WebhookBody(IOptions<WebhookOptions> options)
{
    private readonly string _base = options.Value.PublicUrl?.TrimEnd('/') ?? "";

    public byte[] Compose(DeliveryFacts facts) => facts.Submission is { } submission ? Compose(facts, submission) : JsonSerializer.SerializeToUtf8Bytes(
        new WebhookMessage(facts.Event, facts.FinishedAt, new WebhookJob(facts.Job, "job", facts.State, $"{_base}/v1/jobs/{facts.Job}", facts.CustomId, facts.ErrorCode)),
        WebhookJson.Default.WebhookMessage);

    private byte[] Compose(DeliveryFacts facts, SubmissionRecord submission)
    {
        SubmissionView view = SubmissionViews.Of(submission);
        WebhookSubmission data = new(view.Id, "submission", view.State, view.Outcome, view.Counts, $"{_base}/v1/submissions/{view.Id}");
        return JsonSerializer.SerializeToUtf8Bytes(new SubmissionMessage(facts.Event, facts.FinishedAt, data), WebhookJson.Default.SubmissionMessage);
    }
}

/// <summary>What is sent to receivers, and what their owners see of them.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(JobTimes)])]
[JsonSerializable(typeof(WebhookMessage))]
[JsonSerializable(typeof(SubmissionMessage))]
[JsonSerializable(typeof(WebhookView))]
[JsonSerializable(typeof(WebhookPage))]
[JsonSerializable(typeof(WebhookDeliveryView))]
[JsonSerializable(typeof(WebhookDeliveryPage))]
internal sealed partial class WebhookJson : JsonSerializerContext;
