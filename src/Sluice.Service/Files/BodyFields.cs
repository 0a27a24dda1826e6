using Sluice.Jobs;
using Sluice.Service.Intake;

namespace Sluice.Service.Files;

/// <summary>A body while it is read, and the rules between its members.</summary>
internal sealed class BodyFields(BatchEndpoint endpoint)
{
    public BatchEndpoint Endpoint => endpoint;

    public JobRequest Request { get; set; } = new();

    public JobParameters Parameters { get; set; } = new();

    public int? MaxTokens { get; set; }

    public int? MaxCompletionTokens { get; set; }

    public bool WantsLogprobs { get; set; }

    public int? TopLogprobs { get; set; }

    public bool Base64 { get; set; }

    private bool Generates => endpoint is BatchEndpoint.Completions or BatchEndpoint.ChatCompletions;

    /// <summary>Makes <see cref="Request"/> whole; adds an error for every rule that is broken.</summary>
    public void Finish(RequestErrors errors)
    {
        if (Generates)
        {
            FinishParameters(errors);
        }
        CheckPrompt(errors);
        if (endpoint == BatchEndpoint.Score)
        {
            CheckChoices(errors);
        }
        Request = Request with
        {
            Kind = endpoint switch
            {
                BatchEndpoint.Embeddings => JobKind.Embed,
                BatchEndpoint.Score => JobKind.Score,
                _ => JobKind.Generate,
            },
            Parameters = Generates ? Parameters : null,
        };
    }

    private void FinishParameters(RequestErrors errors)
    {
        if (MaxTokens is not null && MaxCompletionTokens is not null)
        {
            errors.Add("body.max_completion_tokens", "Give body.max_tokens or body.max_completion_tokens, not both.");
        }
        if (TopLogprobs is not null && !WantsLogprobs)
        {
            errors.Add("body.top_logprobs", "body.top_logprobs needs body.logprobs true.");
        }
        Parameters = Parameters with
        {
            MaxTokens = MaxTokens ?? MaxCompletionTokens,
            Logprobs = endpoint == BatchEndpoint.ChatCompletions ? WantsLogprobs ? TopLogprobs ?? 0 : null : Parameters.Logprobs,
        };
        errors.Range(MaxCompletionTokens is null ? "body.max_tokens" : "body.max_completion_tokens", Parameters.MaxTokens, 1, int.MaxValue);
        errors.Range("body.temperature", Parameters.Temperature, 0, 2);
        errors.Range("body.top_p", Parameters.TopP, 0, 1, above: true);
        errors.Range("body.top_k", Parameters.TopK, 0, int.MaxValue);
        errors.Range("body.min_p", Parameters.MinP, 0, 1);
        errors.Range("body.frequency_penalty", Parameters.FrequencyPenalty, -2, 2);
        errors.Range("body.presence_penalty", Parameters.PresencePenalty, -2, 2);
        errors.Range("body.repetition_penalty", Parameters.RepetitionPenalty, 0, 2, above: true);
        errors.Range(endpoint == BatchEndpoint.ChatCompletions ? "body.top_logprobs" : "body.logprobs", Parameters.Logprobs, 0, 20);
        if (Parameters.LogitBias is { } biases)
        {
            ParameterRules.CheckBiases("body.logit_bias", biases, errors);
        }
        for (int i = 0; i < (Parameters.Stop?.Count ?? 0); i++)
        {
            if (Parameters.Stop![i].Length is 0 or > ParameterRules.MaxStopLength)
            {
                errors.Add($"body.stop[{i}]", $"body.stop[{i}] must have 1 to {ParameterRules.MaxStopLength} characters; got {Parameters.Stop[i].Length}.", "too_long");
            }
        }
    }

    /// <summary>A body has exactly one of prompt (or input) and messages; which, its endpoint says.</summary>
    private void CheckPrompt(RequestErrors errors)
    {
        string member = endpoint switch
        {
            BatchEndpoint.ChatCompletions => "body.messages",
            BatchEndpoint.Embeddings => "body.input",
            _ => "body.prompt",
        };
        if (Request.Prompt is not null && Request.Messages is not null)
        {
            errors.Add("body.messages", "Give body.prompt or body.messages, not both.");
        }
        else if (Request.Prompt is null && Request.Messages is null && errors.All.Count == 0)
        {
            errors.Required(member, endpoint == BatchEndpoint.Score ? "or body.messages is required" : "is required");
        }
        else if (Request.Prompt is { Length: 0 })
        {
            errors.Required(member, "must not be empty");
        }
        long characters = (Request.Prompt?.Length ?? 0) + (Request.Messages?.Sum(m => (long)(m.Content?.Length ?? 0)) ?? 0) + (Request.Choices?.Sum(c => (long)c.Length) ?? 0);
        if (characters > RequestRules.MaxCharacters)
        {
            errors.Add(member, $"A line's texts may have at most {RequestRules.MaxCharacters} characters; got {characters}.", "too_long");
        }
    }

    private void CheckChoices(RequestErrors errors)
    {
        if (Request.Choices is not { } choices)
        {
            if (errors.All.Count == 0)
            {
                errors.Required("body.choices");
            }
            return;
        }
        if (choices.Count == 0)
        {
            errors.Add("body.choices", $"body.choices must have 1 to {RequestRules.MaxChoices} texts; got 0.", "required");
        }
        for (int i = 0; i < choices.Count; i++)
        {
            if (choices[i].Length == 0)
            {
                errors.Required($"body.choices[{i}]", "must not be empty");
            }
        }
    }
}
