using System.Text.Json;
using Sluice.Jobs;
using Sluice.Service.Webhooks;

namespace Sluice.Service.Intake;

/// <summary>
/// A <see cref="JobRequest"/> out of parsed JSON. Unlike a deserializer, which stops at the first fault, it reads on and reports all of them.
/// A member that is null counts as absent.
/// </summary>
internal static class JobRequestReader
{
    /// <summary>The request as far as it could be read; whole only where no error was added.</summary>
    public static JobRequest Read(JsonElement body, RequestErrors errors)
    {
        Fields fields = new();
        FieldReader.Members(body, "", errors, fields, Job);
        return fields.Request;
    }

    /// <summary>As <see cref="Read"/>, of a submission's line, which may have <c>custom_id</c> besides.</summary>
    public static (JobRequest Request, string? CustomId) ReadLine(JsonElement body, RequestErrors errors)
    {
        Fields fields = new();
        FieldReader.Members(body, "", errors, fields, Line, "a job or a batch line");
        return (fields.Request, fields.CustomId);
    }

    private static bool Line(Fields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        if (name != "custom_id")
        {
            return Job(fields, name, field, value, errors);
        }
        fields.CustomId = value.ValueKind == JsonValueKind.Null ? null : FieldReader.Text(value, field, errors);
        return true;
    }

    private static bool Job(Fields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return IsJobField(name);
        }
        JobRequest request = fields.Request;
        switch (name)
        {
            case "model": fields.Request = request with { Model = FieldReader.Text(value, field, errors) }; break;
            case "kind": fields.Request = request with { Kind = FieldReader.Name<JobKind>(value, field, errors) ?? JobKind.Generate }; break;
            case "prompt": fields.Request = request with { Prompt = FieldReader.Text(value, field, errors) }; break;
            case "messages": fields.Request = request with { Messages = FieldReader.Objects(value, field, MessageRules.MaxMessages, errors, Message) }; break;
            case "conversation": fields.Request = request with { Conversation = FieldReader.Text(value, field, errors) }; break;
            case "parameters": fields.Request = request with { Parameters = Parameters(value, field, errors) }; break;
            case "choices": fields.Request = request with { Choices = FieldReader.Texts(value, field, RequestRules.MaxChoices, errors) }; break;
            case "normalization": fields.Request = request with { Normalization = FieldReader.Name<Normalization>(value, field, errors) }; break;
            case "deadline": fields.Request = request with { Deadline = FieldReader.Time(value, field, errors) }; break;
            case "ttl": fields.Request = request with { Ttl = FieldReader.Number(value, field, errors) }; break;
            case "on_late": fields.Request = request with { OnLate = FieldReader.Name<OnLate>(value, field, errors) }; break;
            case "priority": fields.Request = request with { Priority = FieldReader.Name<JobClass>(value, field, errors) }; break;
            case "cache": fields.Request = request with { Cache = Cache(value, field, errors) }; break;
            case "metadata": fields.Request = request with { Metadata = Metadata(value, field, errors) }; break;
            case "adapter": fields.Request = request with { Adapter = FieldReader.Text(value, field, errors) }; break;
            case "webhook": fields.Request = request with { Webhook = WebhookRequestReader.Read(value, field, errors) }; break;
            case "stream": fields.Request = request with { Stream = FieldReader.Flag(value, field, errors) }; break;
            // Not built: their presence is what the rules refuse, so their insides are not read.
            case "response_format": fields.Request = request with { ResponseFormat = value }; break;
            default: return false;
        }
        return true;
    }

    private static bool IsJobField(string name) => name is "model" or "kind" or "prompt" or "parameters" or "choices" or "normalization" or "deadline" or "ttl"
        or "on_late" or "priority" or "cache" or "metadata" or "adapter" or "stream" or "messages" or "webhook" or "response_format" or "conversation";

    private static ChatMessage Message(JsonElement element, string path, RequestErrors errors)
    {
        Fields fields = new();
        FieldReader.Members(element, path, errors, fields, MessageMember);
        return fields.Message;
    }

    private static bool MessageMember(Fields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        bool given = value.ValueKind != JsonValueKind.Null;
        switch (name)
        {
            case "role": fields.Message = given ? fields.Message with { Role = FieldReader.Text(value, field, errors) } : fields.Message; break;
            case "content": fields.Message = given ? fields.Message with { Content = FieldReader.Text(value, field, errors) } : fields.Message; break;
            default: return false;
        }
        return true;
    }

    private static JobParameters? Parameters(JsonElement element, string path, RequestErrors errors)
    {
        Fields fields = new();
        return FieldReader.Members(element, path, errors, fields, Parameter) ? fields.Parameters : null;
    }

    private static bool Parameter(Fields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return IsParameter(name);
        }
        JobParameters parameters = fields.Parameters;
        switch (name)
        {
            case "max_tokens": fields.Parameters = parameters with { MaxTokens = FieldReader.Integer(value, field, errors) }; break;
            case "temperature": fields.Parameters = parameters with { Temperature = FieldReader.Number(value, field, errors) }; break;
            case "top_p": fields.Parameters = parameters with { TopP = FieldReader.Number(value, field, errors) }; break;
            case "top_k": fields.Parameters = parameters with { TopK = FieldReader.Integer(value, field, errors) }; break;
            case "min_p": fields.Parameters = parameters with { MinP = FieldReader.Number(value, field, errors) }; break;
            case "frequency_penalty": fields.Parameters = parameters with { FrequencyPenalty = FieldReader.Number(value, field, errors) }; break;
            case "presence_penalty": fields.Parameters = parameters with { PresencePenalty = FieldReader.Number(value, field, errors) }; break;
            case "repetition_penalty": fields.Parameters = parameters with { RepetitionPenalty = FieldReader.Number(value, field, errors) }; break;
            case "logit_bias": fields.Parameters = parameters with { LogitBias = FieldReader.Numbers(value, field, errors) }; break;
            case "seed": fields.Parameters = parameters with { Seed = FieldReader.WholeNumber(value, field, long.MinValue, long.MaxValue, errors) }; break;
            case "stop": fields.Parameters = parameters with { Stop = FieldReader.Texts(value, field, ParameterRules.MaxStops, errors) }; break;
            case "logprobs": fields.Parameters = parameters with { Logprobs = FieldReader.Integer(value, field, errors) }; break;
            default: return false;
        }
        return true;
    }

    private static bool IsParameter(string name) => name is "max_tokens" or "temperature" or "top_p" or "top_k" or "min_p"
        or "frequency_penalty" or "presence_penalty" or "repetition_penalty" or "seed" or "stop" or "logprobs" or "logit_bias";

    private static CacheRequest? Cache(JsonElement element, string path, RequestErrors errors)
    {
        Fields fields = new();
        return FieldReader.Members(element, path, errors, fields, CacheMember) ? fields.Cache : null;
    }

    private static bool CacheMember(Fields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        bool given = value.ValueKind != JsonValueKind.Null;
        switch (name)
        {
            case "mode": fields.Cache = given ? fields.Cache with { Mode = FieldReader.Name<CacheMode>(value, field, errors) } : fields.Cache; break;
            case "namespace": fields.Cache = given ? fields.Cache with { Namespace = FieldReader.Text(value, field, errors) } : fields.Cache; break;
            case "min_similarity": fields.Cache = given ? fields.Cache with { MinSimilarity = FieldReader.Number(value, field, errors) } : fields.Cache; break;
            case "ttl": fields.Cache = given ? fields.Cache with { Ttl = FieldReader.Number(value, field, errors) } : fields.Cache; break;
            default: return false;
        }
        return true;
    }

    private static Dictionary<string, string>? Metadata(JsonElement element, string path, RequestErrors errors)
    {
        Dictionary<string, string> pairs = new(StringComparer.Ordinal);
        return FieldReader.Members(element, path, errors, pairs, Pair) ? pairs : null;
    }

    private static bool Pair(Dictionary<string, string> pairs, string name, string field, JsonElement value, RequestErrors errors)
    {
        if (FieldReader.Text(value, field, errors) is string text)
        {
            pairs[name] = text;
        }
        return true;
    }

    private sealed class Fields
    {
        public JobRequest Request { get; set; } = new();
        public string? CustomId { get; set; }
        public ChatMessage Message { get; set; } = new();
        public JobParameters Parameters { get; set; } = new();
        public CacheRequest Cache { get; set; } = new();
    }
}
