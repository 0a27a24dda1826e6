using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Sluice.Jobs;
using Sluice.Service.Api;
using Sluice.Service.Intake;

namespace Sluice.Service.Schedules;

/// <summary>A <see cref="ScheduleRequest"/> out of JSON: all faults at once, each with its path.</summary>
internal static class ScheduleRequestReader
{
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 16 };

    /// <summary>What was read and the faults found in it, or why nothing could be.</summary>
    public static async Task<(ScheduleRequest? Schedule, RequestErrors Errors, Problem? Problem)> ReadAsync(HttpContext context)
    {
        RequestErrors errors = new();
        if (!context.Request.HasJsonContentType())
        {
            return (null, errors, Problems.OfStatus(StatusCodes.Status415UnsupportedMediaType, context.Request));
        }
        try
        {
            using JsonDocument document = await JsonDocument.ParseAsync(context.Request.Body, s_json, context.RequestAborted);
            Fields fields = new();
            return FieldReader.Members(document.RootElement, "", errors, fields, Member, "a schedule") ? (fields.Schedule, errors, null) : (null, errors, Problems.Invalid(errors.All));
        }
        catch (JsonException exception)
        {
            return (null, errors, Problems.Invalid("body", $"The body is not JSON: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}.", "invalid_json"));
        }
    }

    private static bool Member(Fields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        bool given = value.ValueKind != JsonValueKind.Null;
        ScheduleRequest schedule = fields.Schedule;
        switch (name)
        {
            case "name": fields.Schedule = given ? schedule with { Name = FieldReader.Text(value, field, errors) } : schedule; break;
            case "cron": fields.Schedule = given ? schedule with { Cron = FieldReader.Text(value, field, errors) } : schedule; break;
            case "time_zone": fields.Schedule = given ? schedule with { TimeZone = FieldReader.Text(value, field, errors) } : schedule; break;
            case "source": fields.Schedule = given ? schedule with { Source = Source(value, field, errors) } : schedule; break;
            case "request": fields.Schedule = given ? schedule with { Request = Request(value, field, errors) } : schedule; break;
            case "sink": fields.Schedule = given ? schedule with { Sink = Sink(value, field, errors) } : schedule; break;
            case "finish_by": fields.Schedule = given ? schedule with { FinishBy = FieldReader.Text(value, field, errors) } : schedule; break;
            case "finish_within": fields.Schedule = given ? schedule with { FinishWithin = FieldReader.Number(value, field, errors) } : schedule; break;
            case "overlap": fields.Schedule = given ? schedule with { Overlap = FieldReader.Text(value, field, errors) } : schedule; break;
            case "misfire": fields.Schedule = given ? schedule with { Misfire = FieldReader.Text(value, field, errors) } : schedule; break;
            case "paused": fields.Schedule = given ? schedule with { Paused = FieldReader.Flag(value, field, errors) } : schedule; break;
            case "version": fields.Schedule = given ? schedule with { Version = FieldReader.Integer(value, field, errors) } : schedule; break;
            default: return false;
        }
        return true;
    }

    private static SourceSpec? Source(JsonElement element, string path, RequestErrors errors)
    {
        Fields fields = new();
        return FieldReader.Members(element, path, errors, fields, SourceMember) ? fields.Source : null;
    }

    private static bool SourceMember(Fields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        string? text = value.ValueKind == JsonValueKind.Null ? null : FieldReader.Text(value, field, errors);
        switch (name)
        {
            case "type": fields.Source = fields.Source with { Type = text ?? "" }; break;
            case "path": fields.Source = fields.Source with { Path = text }; break;
            case "connection": fields.Source = fields.Source with { Connection = text }; break;
            case "query": fields.Source = fields.Source with { Query = text }; break;
            case "key": fields.Source = fields.Source with { Key = text }; break;
            default: return false;
        }
        return true;
    }

    private static SinkSpec? Sink(JsonElement element, string path, RequestErrors errors)
    {
        Fields fields = new();
        return FieldReader.Members(element, path, errors, fields, SinkMember) ? fields.Sink : null;
    }

    private static bool SinkMember(Fields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        if (name == "columns")
        {
            fields.Sink = value.ValueKind == JsonValueKind.Null ? fields.Sink : fields.Sink with { Columns = Columns(value, field, errors) };
            return true;
        }
        string? text = value.ValueKind == JsonValueKind.Null ? null : FieldReader.Text(value, field, errors);
        switch (name)
        {
            case "type": fields.Sink = fields.Sink with { Type = text ?? "" }; break;
            case "path": fields.Sink = fields.Sink with { Path = text }; break;
            case "connection": fields.Sink = fields.Sink with { Connection = text }; break;
            case "table": fields.Sink = fields.Sink with { Table = text }; break;
            case "key_column": fields.Sink = fields.Sink with { KeyColumn = text }; break;
            case "mode": fields.Sink = fields.Sink with { Mode = text }; break;
            default: return false;
        }
        return true;
    }

    private static Dictionary<string, string>? Columns(JsonElement element, string path, RequestErrors errors)
    {
        Dictionary<string, string> columns = new(StringComparer.Ordinal);
        return FieldReader.Members(element, path, errors, columns, Column) ? columns : null;
    }

    private static bool Column(Dictionary<string, string> columns, string name, string field, JsonElement value, RequestErrors errors)
    {
        if (FieldReader.Text(value, field, errors) is string text)
        {
            columns[name] = text;
        }
        return true;
    }

    private static JobRequest? Request(JsonElement element, string path, RequestErrors errors)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            errors.Add(path, $"{path} must be an object.");
            return null;
        }
        RequestErrors inner = new();
        JobRequest request = JobRequestReader.Read(element, inner);
        foreach (FieldError error in inner.All)
        {
            errors.Add($"{path}.{error.Field}", $"{path}: {error.Message}", error.Code);
        }
        return inner.All.Count == 0 ? request : null;
    }

    private sealed class Fields
    {
        public ScheduleRequest Schedule { get; set; } = new();
        public SourceSpec Source { get; set; } = new() { Type = "" };
        public SinkSpec Sink { get; set; } = new() { Type = "" };
    }
}
