using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Templates;
using Sluice.Jobs;
using Sluice.Service.Models;
using Sluice.Service.Quotes;
using Sluice.Service.Webhooks;

namespace Sluice.Service.Intake;

/// <summary>Every rule that a request must keep. Checks all of them, so that a caller learns of all faults at once.</summary>
/// <param name="models">Those that are served.</param>
/// <param name="webhooks">Where a job may be told.</param>
/// <param name="quotes">Null where a job is not refused for want of an estimate: one from a line, and any before the estimates are read.</param>
/// <param name="now">Deadlines are held against this.</param>
/// <param name="horizon">How far off a deadline may be.</param>
internal sealed class RequestRules(ModelCatalog models, WebhookRules webhooks, QuoteBook? quotes, DateTimeOffset now, TimeSpan horizon)
{
    public const int MaxChoices = 256;

    /// <summary>Code of the fault that another process, with other models, may not find.</summary>
    public const string UnknownModel = "unknown_model";

    /// <summary>Characters that one request may hold in prompt or messages, and choices: what is longer is not even counted in tokens.</summary>
    public const int MaxCharacters = 1 << 20;

    private readonly RequestErrors _errors = new();

    public IReadOnlyList<FieldError> Errors => _errors.All;

    /// <summary>False where anything is wrong: then <see cref="Errors"/> names all of it.</summary>
    public bool Accept(JobRequest request, SubmitOptions submit, [NotNullWhen(true)] out AcceptedRequest? accepted)
    {
        accepted = null;
        CheckKey(submit.IdempotencyKey);
        RefuseUnbuilt(request);
        CheckConversation(request.Conversation);
        CheckWhen(request);
        CheckKind(request);
        if (request.Parameters is { } parameters)
        {
            ParameterRules.Check(parameters, _errors);
        }
        if (request.Cache is { } cache)
        {
            ParameterRules.Check(cache, request, _errors);
        }
        if (request.Metadata is { } metadata)
        {
            ParameterRules.Check(metadata, _errors);
        }
        if (request.Webhook is { } webhook)
        {
            webhooks.Check(webhook, "webhook", _errors);
        }
        ServedModel? model = FindModel(request.Model);
        if (model is not null && RejectsLate(request) && quotes?.Knows(model.Name) == false)
        {
            _errors.Add("on_late", $"'reject' needs an estimate of when a job of model '{model.Name}' ends, and there is none until some have ended; use 'expire' or 'run' until then.", "no_estimate");
        }
        bool readable = CheckTexts(request);
        if (model is not null)
        {
            _errors.Range("parameters.max_tokens", request.Parameters?.MaxTokens, 1, model.ContextLength);
            if (request.Parameters?.LogitBias is { } biases)
            {
                ParameterRules.CheckIds("parameters.logit_bias", biases, model, _errors);
            }
        }
        else
        {
            _errors.Range("parameters.max_tokens", request.Parameters?.MaxTokens, 1, int.MaxValue);
        }
        if (model is not null && readable)
        {
            accepted = Measure(request, model);
        }
        return _errors.All.Count == 0 && accepted is not null;
    }

    /// <summary>It is to be refused where it would end after its deadline.</summary>
    public static bool RejectsLate(JobRequest request) => request.OnLate == OnLate.Reject && (request.Deadline is not null || request.Ttl is not null);

    private void CheckKey(string? key)
    {
        if (key is not null && !TextRules.IsKey(key))
        {
            _errors.Add("Idempotency-Key", $"Idempotency-Key must be 1 to 255 printable ASCII characters; got {key.Length}.");
        }
    }

    private void CheckConversation(string? name)
    {
        if (name is not null && !TextRules.IsConversation(name))
        {
            _errors.Add("conversation", $"conversation must be 1 to 128 letters, digits, '.', '_', '-' or ':'; got {TextRules.Quote(name)} of {name.Length} characters.");
        }
    }

    private void RefuseUnbuilt(JobRequest request)
    {
        if (request.Stream == true)
        {
            _errors.NotSupported("stream", "streaming is not built yet; send Prefer: wait, or poll the job.");
        }
        if (request.Adapter is not null)
        {
            _errors.NotSupported("adapter", "adapters are not built yet.");
        }
        if (request.ResponseFormat is not null)
        {
            _errors.NotSupported("response_format", "constrained output is not built yet.");
        }
    }

    private void CheckWhen(JobRequest request)
    {
        if (request.Deadline is not null && request.Ttl is not null)
        {
            _errors.Add("ttl", "Give deadline or ttl, not both.");
        }
        if (request.Deadline is DateTimeOffset deadline && (deadline <= now || deadline > now + horizon))
        {
            _errors.Add("deadline", $"deadline must be in the future and at most {horizon.TotalDays:0.##} days away; got {JobTimes.Text(deadline)} at {JobTimes.Text(now)}.");
        }
        _errors.Range("ttl", request.Ttl, 0, horizon.TotalSeconds, above: true);
    }

    private void CheckKind(JobRequest request)
    {
        string kind = request.Kind.ToString().ToLowerInvariant();
        if (request.Kind == JobKind.Score)
        {
            int choices = request.Choices?.Count ?? 0;
            if (choices is 0 or > MaxChoices)
            {
                _errors.Add("choices", $"choices must have 1 to {MaxChoices} texts when kind is 'score'; got {choices}.", choices == 0 ? "required" : "too_long");
            }
        }
        else if (request.Choices is not null)
        {
            _errors.Add("choices", $"choices belong to kind 'score'; kind is '{kind}'.");
        }
        if (request.Kind != JobKind.Score && request.Normalization is not null)
        {
            _errors.Add("normalization", $"normalization belongs to kind 'score'; kind is '{kind}'.");
        }
        if (request.Kind != JobKind.Generate && request.Parameters is not null)
        {
            _errors.Add("parameters", $"parameters belong to kind 'generate'; kind is '{kind}'.");
        }
    }

    private ServedModel? FindModel(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            _errors.Required("model");
            return null;
        }
        if (models.TryGet(name, out ServedModel? model))
        {
            return model;
        }
        string known = models.All.Count == 0 ? "none is served" : string.Join(", ", models.All.Select(served => $"'{served.Name}'"));
        _errors.Add("model", $"model {TextRules.Quote(name)} is not served here; known: {known}.", UnknownModel);
        return null;
    }

    /// <summary>False where a text is missing, unstorable or beyond counting.</summary>
    private bool CheckTexts(JobRequest request)
    {
        int before = _errors.All.Count;
        long characters = request.Prompt?.Length ?? 0;
        if (request.Messages is { } messages)
        {
            characters += MessageRules.Check(messages, _errors);
            if (request.Prompt is not null)
            {
                _errors.Add("messages", "Give prompt or messages, not both.");
            }
        }
        else if (string.IsNullOrEmpty(request.Prompt))
        {
            _errors.Required("prompt", request.Prompt is null ? "is required, or messages" : "must not be empty");
        }
        _errors.Text("prompt", request.Prompt);
        for (int i = 0; i < Math.Min(request.Choices?.Count ?? 0, MaxChoices); i++)
        {
            string field = $"choices[{i}]";
            string? choice = request.Choices![i];
            characters += choice?.Length ?? 0;
            if (string.IsNullOrEmpty(choice))
            {
                _errors.Add(field, $"{field} must not be empty.", "required");
            }
            _errors.Text(field, choice);
        }
        if (characters > MaxCharacters)
        {
            _errors.Add(Field(request), $"{Field(request)} and choices may have at most {MaxCharacters} characters; got {characters}.", "too_long");
        }
        return _errors.All.Count == before;
    }

    /// <summary>Counts tokens; null and an error where they do not fit the model.</summary>
    private AcceptedRequest? Measure(JobRequest request, ServedModel model)
    {
        if (Encode(request, model) is not int[] prompt)
        {
            return null;
        }
        int longest = 0, all = 0;
        foreach (string choice in request.Kind == JobKind.Score ? request.Choices ?? [] : [])
        {
            int tokens = model.EncodeChoice(choice).Length;
            longest = Math.Max(longest, tokens);
            all += tokens;
        }
        int room = request.Kind switch
        {
            JobKind.Generate => 1,
            JobKind.Score => longest,
            _ => 0,
        };
        if (prompt.Length + room > model.ContextLength)
        {
            string besides = request.Kind switch
            {
                JobKind.Generate => ", one of them for the answer",
                JobKind.Score => $", {longest} of them for the longest choice",
                _ => "",
            };
            _errors.Add(Field(request), $"{Field(request)} {(request.Messages is null ? "has" : "have")} {prompt.Length} tokens; model '{model.Name}' holds {model.ContextLength}{besides}.", "too_long");
            return null;
        }
        int fresh = request.Kind == JobKind.Generate ? Math.Min(request.Parameters?.MaxTokens ?? JobDefaults.MaxTokens, model.ContextLength - prompt.Length) : all;
        return new AcceptedRequest(request, model, prompt, fresh);
    }

    /// <summary>Null and an error where messages cannot be rendered.</summary>
    private int[]? Encode(JobRequest request, ServedModel model)
    {
        if (request.Messages is not null && model.Template is null)
        {
            _errors.NotSupported("messages", model.TemplateFault is { } fault ? $"{fault}; send prompt." : $"model '{model.Name}' has no chat template; send prompt.");
            return null;
        }
        try
        {
            return model.Encode(request);
        }
        catch (TemplateException refusal)
        {
            _errors.Add("messages", $"The chat template of model '{model.Name}' refuses them: {refusal.Message}");
            return null;
        }
    }

    private static string Field(JobRequest request) => request.Messages is null ? "prompt" : "messages";
}
