using System.Text.Json;
using Sluice.Jobs;
using Sluice.Service.Api;
using Sluice.Service.Files;
using Sluice.Service.Intake;

namespace Sluice.Service.Submissions;

/// <summary>A line that could be read.</summary>
/// <param name="CustomId">1 to 512 characters; null where a job's line has none.</param>
/// <param name="Request">As sent, without the submission's defaults.</param>
/// <param name="Shape">How its answer is shown: see <see cref="LineShape"/>.</param>
/// <param name="SaysKind">Its kind is its own, not the default.</param>
internal sealed record SubmissionLine(string? CustomId, JobRequest Request, short Shape, bool SaysKind)
{
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = JobBody.MaxDepth };

    /// <summary>A job's object with <c>custom_id</c>, or an OpenAI batch line where it has <c>url</c>. Null, and what is wrong with it, where it cannot be read.</summary>
    public static SubmissionLine? Read(ReadOnlyMemory<byte> bytes, RequestErrors errors, out string? customId)
    {
        customId = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, s_json);
            JsonElement root = document.RootElement;
            customId = BatchLineReader.CustomId(root);
            SubmissionLine? line = FieldReader.TryFind(root, "url", out _) ? ReadBatchLine(root, errors) : ReadJob(root, errors);
            CheckId(customId ?? line?.CustomId, errors);
            // asked by itself too: where there are too many errors, not every one is kept
            bool faulty = errors.All.Any(error => error.Field == "custom_id") || (customId is not null && TextRules.Fault(customId) is not null);
            customId = faulty ? null : customId;
            return errors.All.Count == 0 ? line : null;
        }
        catch (JsonException fault)
        {
            errors.Add("", $"The line is not JSON of at most {JobBody.MaxDepth} levels: it breaks at byte {(fault.BytePositionInLine ?? 0) + 1} of {bytes.Length}.", "invalid_json");
            return null;
        }
    }

    private static SubmissionLine? ReadBatchLine(JsonElement root, RequestErrors errors) =>
        BatchLineReader.Read(root, errors) is { } line ? new SubmissionLine(line.CustomId, line.Request, LineShape.Of(line.Endpoint, line.Base64), SaysKind: true) : null;

    private static SubmissionLine ReadJob(JsonElement root, RequestErrors errors)
    {
        (JobRequest request, string? customId) = JobRequestReader.ReadLine(root, errors);
        // The document's memory goes back to its pool: what is not built is refused by presence alone.
        request = request.ResponseFormat is null ? request : request with { ResponseFormat = default(JsonElement) };
        bool saysKind = FieldReader.TryFind(root, "kind", out JsonElement kind) && kind.ValueKind != JsonValueKind.Null;
        return new SubmissionLine(customId, request, LineShape.Job, saysKind);
    }

    private static void CheckId(string? id, RequestErrors errors)
    {
        if (id is { Length: 0 or > BatchLineReader.MostIdCharacters })
        {
            errors.Add("custom_id", $"custom_id must have 1 to {BatchLineReader.MostIdCharacters} characters; got {id.Length}.", "too_long");
        }
        errors.Text("custom_id", id);
    }
}

/// <summary>What <see cref="Store.NewJob.Shape"/> means: 0 for a job, else 1 + 2 × endpoint + base64.</summary>
internal static class LineShape
{
    public const short Job = 0;

    public static short Of(BatchEndpoint endpoint, bool base64) => (short)(1 + (2 * (int)endpoint) + (base64 ? 1 : 0));

    /// <summary>Null for a job's own shape.</summary>
    public static (BatchEndpoint Endpoint, bool Base64)? Read(short? shape) =>
        shape is > 0 and { } value ? ((BatchEndpoint)((value - 1) / 2), (value - 1) % 2 == 1) : null;
}
