using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Sluice.Jobs;
using Sluice.Service.Intake;

namespace Sluice.Service.Api;

/// <summary>Reads a job from a request's body within its limits.</summary>
internal static class JobBody
{
    public const int MaxBytes = 1 << 20;
    public const int MaxDepth = 32;

    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = MaxDepth };

    public static async Task<JobBodyResult> ReadAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!request.HasJsonContentType())
        {
            return new(Problems.OfStatus(StatusCodes.Status415UnsupportedMediaType, request));
        }
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null; // held to MaxBytes here: past a limit of its own the server cuts the connection, and the answer with it
        }
        if (request.ContentLength > MaxBytes)
        {
            return new(Problems.TooLarge(MaxBytes, request.ContentLength));
        }
        PipeReader body = request.BodyReader;
        while (true)
        {
            ReadResult read = await body.ReadAsync(context.RequestAborted);
            if (read.Buffer.Length > MaxBytes)
            {
                body.AdvanceTo(read.Buffer.End);
                return new(Problems.TooLarge(MaxBytes, null));
            }
            if (read.IsCompleted)
            {
                JobBodyResult answer = Parse(read.Buffer);
                body.AdvanceTo(read.Buffer.End);
                return answer;
            }
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static JobBodyResult Parse(ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return new(Problems.Invalid("body", "The body is empty; it must be a job as JSON.", "required"));
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, s_json);
            RequestErrors errors = new();
            JobRequest job = JobRequestReader.Read(document.RootElement, errors);
            // The document's memory goes back to its pool: what is not built is refused by presence alone.
            job = job.ResponseFormat is null ? job : job with { ResponseFormat = default(JsonElement) };
            return new(job, errors.All);
        }
        catch (JsonException exception)
        {
            return new(NotJson(bytes, exception));
        }
    }

    private static Problem NotJson(ReadOnlySequence<byte> bytes, JsonException exception)
    {
        int depth = Depth(bytes);
        return depth > MaxDepth
            ? Problems.Invalid("body", $"The body may be nested at most {MaxDepth} levels deep; got {depth}.", "too_deep")
            : Problems.Invalid("body", $"The body is not JSON: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}.", "invalid_json");
    }

    /// <summary>Deepest level up to the first fault.</summary>
    private static int Depth(ReadOnlySequence<byte> bytes)
    {
        Utf8JsonReader reader = new(bytes, new JsonReaderOptions { MaxDepth = MaxBytes });
        int deepest = 0;
        try
        {
            while (reader.Read())
            {
                int here = reader.CurrentDepth + (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray ? 1 : 0);
                deepest = Math.Max(deepest, here);
            }
        }
        catch (JsonException)
        {
            // The fault is what the caller is told about; the depth up to it is what is asked here.
        }
        return deepest;
    }
}

/// <summary>What a body came to: a problem and nothing else, or a job as far as it could be read, with what could not.</summary>
internal readonly record struct JobBodyResult(JobRequest? Job, IReadOnlyList<FieldError> Errors, Problem? Problem)
{
    public JobBodyResult(Problem problem)
        : this(null, [], problem)
    {
    }

    public JobBodyResult(JobRequest job, IReadOnlyList<FieldError> errors)
        : this(job, errors, null)
    {
    }
}
