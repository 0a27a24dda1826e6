using System.Text;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>Makes lines of a submission out of rows: the schedule's request with the row's fields in its prompt or messages.</summary>
internal sealed class LineWriter
{
    public const int MostKey = 255;

    private readonly JobRequest _request;
    private readonly RowTemplate? _prompt;
    private readonly IReadOnlyList<RowTemplate>? _messages;

    private LineWriter(JobRequest request, RowTemplate? prompt, IReadOnlyList<RowTemplate>? messages) => (_request, _prompt, _messages) = (request, prompt, messages);

    /// <summary>Of a request as it is stored.</summary>
    public static LineWriter Of(string request) => Of(JsonSerializer.Deserialize(request, JobsJson.Default.JobRequest)!, new RequestErrors()) ?? throw new FormatException("The schedule's request holds no template.");

    /// <summary>Null and errors that name the field where a text is no template.</summary>
    public static LineWriter? Of(JobRequest request, RequestErrors errors)
    {
        int before = errors.All.Count;
        RowTemplate? prompt = request.Prompt is { } text ? Parse(text, "prompt", errors) : null;
        List<RowTemplate?>? messages = request.Messages?.Select((message, i) => Parse(message.Content ?? "", $"messages[{i}].content", errors)).ToList();
        return errors.All.Count == before ? new LineWriter(request, prompt, messages?.ConvertAll(m => m!)) : null;
    }

    public StagedLine Write(SourceRow row)
    {
        try
        {
            return WriteRow(row);
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair passes the JSON parser and fails where it is read.
            return Refuse(row, new FieldError("line", "The row must be valid Unicode: no lone surrogate, no broken UTF-8.", "invalid_json"));
        }
    }

    private StagedLine WriteRow(SourceRow row)
    {
        if (row.Error is not null)
        {
            return new StagedLine(row.Number, null, row.Key is { Length: <= MostKey } known && TextRules.Fault(known) is null ? known : null, [row.Error]);
        }
        if (row.Key is { Length: > MostKey })
        {
            return Refuse(row with { Key = null }, new FieldError("custom_id", $"A row's key may have at most {MostKey} characters; it has {row.Key.Length}.", "too_long"));
        }
        if (row.Key is not null && TextRules.Fault(row.Key) is string fault)
        {
            return Refuse(row with { Key = null }, new FieldError("custom_id", $"A row's key {fault}."));
        }
        int room = RequestRules.MaxCharacters;
        string? prompt = null, missing;
        if (_prompt is not null && !_prompt.TryRender(row.Fields, room, out prompt, out missing))
        {
            return Refuse(row, missing is null ? TooLong("prompt") : Missing(missing));
        }
        ChatMessage[]? messages = null;
        if (_messages is not null)
        {
            messages = new ChatMessage[_messages.Count];
            for (int i = 0; i < messages.Length; i++)
            {
                if (!_messages[i].TryRender(row.Fields, room, out string? content, out missing))
                {
                    return Refuse(row, missing is null ? TooLong("messages") : Missing(missing));
                }
                room -= content.Length;
                messages[i] = _request.Messages![i] with { Content = content };
            }
        }
        byte[] request = JsonSerializer.SerializeToUtf8Bytes(_request with { Prompt = prompt, Messages = messages }, JobsJson.Default.JobRequest);
        return new StagedLine(row.Number, Named(row.Key!, request), row.Key);
    }

    /// <summary>The request with its custom_id before all else.</summary>
    private static byte[] Named(string key, byte[] request)
    {
        byte[] name = Encoding.UTF8.GetBytes($"{{\"custom_id\":{JsonSerializer.Serialize(key, PlainText.Default.String)},");
        return [.. name, .. request.AsSpan(1)];
    }

    private static StagedLine Refuse(SourceRow row, FieldError error) => new(row.Number, null, row.Key, [error]);

    private static FieldError TooLong(string field) => new(field, $"{field} may have at most {RequestRules.MaxCharacters} characters; with the row's fields there are more.", "too_long");

    private static FieldError Missing(string field) => new(field, $"The row has no field {TextRules.Quote(field)}, or it is null.", "missing_field");

    private static RowTemplate? Parse(string text, string field, RequestErrors errors)
    {
        if (RowTemplate.TryParse(text, out RowTemplate? template, out string? fault))
        {
            return template;
        }
        errors.Add(field, $"{field}: {fault}.", "invalid_template");
        return null;
    }
}
