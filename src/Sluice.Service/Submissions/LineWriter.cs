using System.Globalization;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Service.Files;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>
/// One line of results or errors. A job's line shows the job's answer; a line in OpenAI's shape gets OpenAI's output line. Lines without an answer all look alike and
/// serve readers of both: <c>response</c> is null, <c>error</c> says why.
/// </summary>
internal sealed class LineWriter(SubmissionRecord submission)
{
    private readonly string _run = submission.Id.ToString("N")[16..];

    public void Write(Utf8JsonWriter writer, LineOutcome line)
    {
        if (line.Job is { State: JobState.Succeeded } job)
        {
            if (LineShape.Read(line.Shape) is { } shape)
            {
                WriteResponse(writer, line, job, shape.Endpoint, shape.Base64);
            }
            else
            {
                WriteJob(writer, line, job);
            }
            return;
        }
        WriteError(writer, line);
    }

    private static void WriteJob(Utf8JsonWriter writer, LineOutcome line, JobRecord job) => JsonSerializer.Serialize(
        writer,
        new SubmissionLineView
        {
            Line = line.Number,
            CustomId = line.CustomId,
            Job = job.Id,
            State = "succeeded",
            Source = job.Result?.Source,
            Outputs = job.Result?.Outputs,
            Usage = job.Result?.Usage,
            Metadata = job.Metadata,
            Error = job.Result is null ? new SubmissionLineError("erased", "The answer was erased.") : null,
        },
        JobsJson.Default.SubmissionLineView);

    private void WriteResponse(Utf8JsonWriter writer, LineOutcome line, JobRecord job, BatchEndpoint endpoint, bool base64)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"{_run}_{line.Number}");
        writer.WriteStartObject();
        writer.WriteString("id", $"batch_req_{id}");
        writer.WriteString("custom_id", line.CustomId);
        writer.WriteStartObject("response");
        writer.WriteNumber("status_code", 200);
        writer.WriteString("request_id", $"req_{id}");
        writer.WritePropertyName("body");
        if (job.Result is { } result)
        {
            new StoredBody(writer, job, id).Write(endpoint, base64, result);
        }
        else
        {
            writer.WriteNullValue(); // erased
        }
        writer.WriteEndObject();
        writer.WriteNull("error");
        writer.WriteEndObject();
    }

    private void WriteError(Utf8JsonWriter writer, LineOutcome line)
    {
        (string state, string code, string message, string? param) = Why(line);
        writer.WriteStartObject();
        writer.WriteString("id", string.Create(CultureInfo.InvariantCulture, $"batch_req_{_run}_{line.Number}"));
        writer.WriteNumber("line", line.Number);
        writer.WriteString("custom_id", line.CustomId ?? Name(line.Request));
        if (line.Job is { } job)
        {
            writer.WriteString("job", job.Id.ToString());
        }
        writer.WriteString("state", state);
        writer.WriteNull("response");
        writer.WriteStartObject("error");
        writer.WriteString("code", code);
        writer.WriteString("message", message);
        if (param is not null)
        {
            writer.WriteString("param", param);
        }
        writer.WriteNumber("line", line.Number);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static (string State, string Code, string Message, string? Param) Why(LineOutcome line) => line switch
    {
        { Errors: { } errors } => ("invalid", errors[0].Code, string.Join(' ', errors.Select(error => error.Message)), errors[0].Field is { Length: > 0 } field ? field : null),
        { Job: { State: JobState.Expired, Error: var error } } => ("expired", "batch_expired", error?.Message ?? "The deadline passed.", null),
        { Job: { State: JobState.Failed, Error: var error } } => ("failed", error?.Code ?? "failed", error?.Message ?? "The job failed.", null),
        _ => ("cancelled", "batch_cancelled", line.Job is null ? "The submission was cancelled before this line became a job." : "The job was cancelled.", null),
    };

    private static string? Name(byte[]? request)
    {
        if (request is null)
        {
            return null;
        }
        using JsonDocument document = JsonDocument.Parse(request);
        return BatchLineReader.CustomId(document.RootElement);
    }
}
