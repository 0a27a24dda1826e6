using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Sluice.Jobs;
using Sluice.Service.Api;
using Sluice.Service.Intake;

namespace Sluice.Service.Webhooks;

/// <summary>A <see cref="WebhookRequest"/> out of JSON: the body of <c>POST /v1/webhooks</c>, and the member <c>webhook</c> of a job.</summary>
internal static class WebhookRequestReader
{
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 8 };

    /// <summary>What was read, or why it is refused.</summary>
    public static async Task<(WebhookRequest? Webhook, Problem? Problem)> ReadAsync(HttpContext context, WebhookRules rules)
    {
        if (!context.Request.HasJsonContentType())
        {
            return (null, Problems.OfStatus(StatusCodes.Status415UnsupportedMediaType, context.Request));
        }
        RequestErrors errors = new();
        WebhookRequest? webhook;
        try
        {
            using JsonDocument document = await JsonDocument.ParseAsync(context.Request.Body, s_json, context.RequestAborted);
            webhook = Read(document.RootElement, "", errors);
        }
        catch (JsonException exception)
        {
            return (null, Problems.Invalid("body", $"The body is not JSON: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}.", "invalid_json"));
        }
        if (webhook is not null && errors.All.Count == 0)
        {
            rules.Check(webhook, "", errors);
        }
        return errors.All.Count > 0 ? (null, Problems.Invalid(errors.All)) : (webhook, null);
    }

    /// <summary>As far as it could be read; null where it is no object.</summary>
    public static WebhookRequest? Read(JsonElement element, string path, RequestErrors errors)
    {
        Fields fields = new();
        return FieldReader.Members(element, path, errors, fields, Member, "a webhook") ? fields.Webhook : null;
    }

    private static bool Member(Fields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        bool given = value.ValueKind != JsonValueKind.Null;
        switch (name)
        {
            case "url": fields.Webhook = given ? fields.Webhook with { Url = FieldReader.Text(value, field, errors) } : fields.Webhook; break;
            case "events": fields.Webhook = given ? fields.Webhook with { Events = FieldReader.Texts(value, field, WebhookRules.MaxEvents, errors) } : fields.Webhook; break;
            default: return false;
        }
        return true;
    }

    private sealed class Fields
    {
        public WebhookRequest Webhook { get; set; } = new();
    }
}
