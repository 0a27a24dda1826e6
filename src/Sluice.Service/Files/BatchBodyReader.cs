using System.Text.Json;
using Sluice.Jobs;
using Sluice.Service.Intake;

namespace Sluice.Service.Files;

/// <summary>
/// The body of a batch line as a job's request. Every member is used, ignored on purpose (<c>user</c>), or an error that names it; absent ones take Sluice's
/// defaults (<see cref="JobParameters"/>: greedy, 128 tokens).
/// </summary>
internal static class BatchBodyReader
{
    private const string Path = "body";

    /// <summary>Null, or an incomplete request, where an error was added.</summary>
    public static (JobRequest Request, bool Base64)? Read(BatchEndpoint endpoint, JsonElement body, RequestErrors errors)
    {
        BodyFields fields = new(endpoint);
        if (!FieldReader.Members(body, Path, errors, fields, Member))
        {
            return null;
        }
        fields.Finish(errors);
        return (fields.Request, fields.Base64);
    }

    private static bool Member(BodyFields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        if (!BatchEndpoints.Knows(fields.Endpoint, name))
        {
            string shown = TextRules.Quote(name);
            errors.Add($"{Path}.{shown[1..^1]}", $"{shown} is not a member of a body for {BatchEndpoints.Url(fields.Endpoint)} that Sluice knows.", "unknown_field");
        }
        else if (value.ValueKind != JsonValueKind.Null && name != "user" && !Unbuilt(name, field, value, errors) && !Sampling(fields, name, field, value, errors))
        {
            Content(fields, name, field, value, errors);
        }
        return true;
    }

    private static void Content(BodyFields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        switch (name)
        {
            case "model": fields.Request = fields.Request with { Model = FieldReader.Text(value, field, errors) }; break;
            case "prompt" or "input": fields.Request = fields.Request with { Prompt = OneText(value, field, errors) }; break;
            case "messages": fields.Request = fields.Request with { Messages = MessageReader.Read(value, field, errors) }; break;
            case "choices": fields.Request = fields.Request with { Choices = FieldReader.Texts(value, field, RequestRules.MaxChoices, errors) }; break;
            case "normalization": fields.Request = fields.Request with { Normalization = FieldReader.Name<Normalization>(value, field, errors) }; break;
            case "encoding_format": fields.Base64 = Format(value, field, errors); break;
            default: throw new InvalidOperationException($"No reader for {field}.");
        }
    }

    private static bool Sampling(BodyFields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        JobParameters now = fields.Parameters;
        switch (name)
        {
            case "max_tokens": fields.MaxTokens = FieldReader.Integer(value, field, errors); return true;
            case "max_completion_tokens": fields.MaxCompletionTokens = FieldReader.Integer(value, field, errors); return true;
            case "temperature": fields.Parameters = now with { Temperature = FieldReader.Number(value, field, errors) }; return true;
            case "top_p": fields.Parameters = now with { TopP = FieldReader.Number(value, field, errors) }; return true;
            case "top_k": fields.Parameters = now with { TopK = FieldReader.Integer(value, field, errors) }; return true;
            case "min_p": fields.Parameters = now with { MinP = FieldReader.Number(value, field, errors) }; return true;
            case "frequency_penalty": fields.Parameters = now with { FrequencyPenalty = FieldReader.Number(value, field, errors) }; return true;
            case "presence_penalty": fields.Parameters = now with { PresencePenalty = FieldReader.Number(value, field, errors) }; return true;
            case "repetition_penalty": fields.Parameters = now with { RepetitionPenalty = FieldReader.Number(value, field, errors) }; return true;
            case "logit_bias": fields.Parameters = now with { LogitBias = FieldReader.Numbers(value, field, errors) }; return true;
            case "seed": fields.Parameters = now with { Seed = FieldReader.WholeNumber(value, field, long.MinValue, long.MaxValue, errors) }; return true;
            case "stop": fields.Parameters = now with { Stop = Stops(value, field, errors) }; return true;
            case "top_logprobs": fields.TopLogprobs = FieldReader.Integer(value, field, errors); return true;
            case "logprobs" when fields.Endpoint == BatchEndpoint.ChatCompletions: fields.WantsLogprobs = FieldReader.Flag(value, field, errors) ?? false; return true;
            case "logprobs": fields.Parameters = now with { Logprobs = FieldReader.Integer(value, field, errors) }; return true;
            default: return false;
        }
    }

    /// <summary>True where the member asks, or could ask, for what is not built; its harmless values pass.</summary>
    private static bool Unbuilt(string name, string field, JsonElement value, RequestErrors errors)
    {
        switch (name)
        {
            case "stream" when value.ValueKind != JsonValueKind.False: errors.NotSupported(field, "a line of a file has one answer, which is not streamed; leave it out or send false."); return true;
            case "echo" when value.ValueKind != JsonValueKind.False: errors.NotSupported(field, "the prompt is not given back; leave it out or send false."); return true;
            case "n" or "best_of" when !(value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int one) && one == 1):
                errors.NotSupported(field, $"every line has one answer: send 1, or a line for each; got {FieldReader.Raw(value)}.");
                return true;
            case "response_format" when !IsText(value): errors.NotSupported(field, "only {\"type\":\"text\"} is built; constrained output is not."); return true;
            case "tools" or "tool_choice" or "functions" or "function_call": errors.NotSupported(field, "tool calls are not built."); return true;
            case "stream_options": errors.NotSupported(field, "answers are not streamed."); return true;
            case "suffix": errors.NotSupported(field, "text before a suffix is not built."); return true;
            default: return name is "stream" or "echo" or "n" or "best_of" or "response_format";
        }
    }

    private static bool IsText(JsonElement format) => FieldReader.TryFind(format, "type", out JsonElement type) && FieldReader.IsText(type, "text");

    /// <summary>A string, or a list of exactly one.</summary>
    private static string? OneText(JsonElement value, string field, RequestErrors errors)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return FieldReader.Text(value, field, errors);
        }
        if (value.GetArrayLength() == 1)
        {
            return FieldReader.Text(value[0], $"{field}[0]", errors);
        }
        errors.Add(field, $"{field} must be one text: a line for each; got {value.GetArrayLength()}.", "not_supported");
        return null;
    }

    private static IReadOnlyList<string>? Stops(JsonElement value, string field, RequestErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            return FieldReader.Texts(value, field, ParameterRules.MaxStops, errors);
        }
        return FieldReader.Text(value, field, errors) is { } text ? [text] : null;
    }

    private static bool Format(JsonElement value, string field, RequestErrors errors)
    {
        string? format = FieldReader.Text(value, field, errors);
        if (format is not (null or "float" or "base64"))
        {
            errors.Add(field, $"{field} must be 'float' or 'base64'; got {TextRules.Quote(format)}.");
        }
        return format == "base64";
    }
}
