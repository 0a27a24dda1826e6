using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Sluice.Service.Api;

namespace Sluice.Service.Submissions;

/// <summary>The two forms in which lines come: JSONL, and a JSON object with the list <c>jobs</c>.</summary>
internal static class SubmissionBody
{
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = JobBody.MaxDepth + 2 };

    public static IReadOnlyList<string> LineTypes { get; } = ["application/jsonl", "application/x-ndjson", "application/x-jsonlines", "application/octet-stream", "text/plain"];

    public static bool IsLines(HttpRequest request) => LineTypes.Contains(MediaType(request), StringComparer.OrdinalIgnoreCase);

    public static bool IsList(HttpRequest request) => request.HasJsonContentType() && !IsLines(request);

    /// <summary>The list's items as lines; a problem where the body is no such list.</summary>
    public static async Task<(Stream? Lines, Problem? Problem)> ReadListAsync(HttpContext context, int maxBytes)
    {
        if (context.Request.ContentLength > maxBytes)
        {
            return (null, Problems.TooLarge(maxBytes, context.Request.ContentLength));
        }
        using MemoryStream body = new();
        byte[] buffer = new byte[64 << 10];
        for (int read; (read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0;)
        {
            if (body.Length + read > maxBytes)
            {
                return (null, Problems.TooLarge(maxBytes, null));
            }
            body.Write(buffer, 0, read);
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(body.GetBuffer().AsMemory(0, (int)body.Length), s_json);
            return Items(document.RootElement);
        }
        catch (JsonException fault)
        {
            return (null, Problems.Invalid("body", $"The body is not JSON: line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}.", "invalid_json"));
        }
    }

    /// <summary>An item is copied as it was written: what it says is the line's reader's to judge.</summary>
    private static (Stream? Lines, Problem? Problem) Items(JsonElement root)
    {
        JsonElement jobs = default;
        foreach (JsonProperty member in root.ValueKind == JsonValueKind.Object ? root.EnumerateObject() : default)
        {
            if (!JsonMarshal.GetRawUtf8PropertyName(member).SequenceEqual("jobs"u8))
            {
                return (null, Problems.Invalid("body", "The body has one member, jobs; what holds for all of them is said in the query.", "unknown_field"));
            }
            jobs = member.Value;
        }
        if (jobs.ValueKind != JsonValueKind.Array)
        {
            return (null, Problems.Invalid("jobs", "jobs must be a list of jobs or batch lines.", "required"));
        }
        MemoryStream lines = new();
        foreach (JsonElement item in jobs.EnumerateArray())
        {
            lines.Write(JsonMarshal.GetRawUtf8Value(item));
            lines.WriteByte((byte)'\0'); // no JSON holds one
        }
        // line feeds stand between members only: within a string they are escaped
        Span<byte> text = lines.GetBuffer().AsSpan(0, (int)lines.Length);
        text.Replace((byte)'\n', (byte)' ');
        text.Replace((byte)'\0', (byte)'\n');
        lines.Position = 0;
        return (lines, null);
    }

    private static string MediaType(HttpRequest request) => (request.ContentType ?? "").Split(';')[0].Trim();
}
