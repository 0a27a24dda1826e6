using Sluice.Engine;
using Sluice.Engine.Templates;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Service.Intake;
using Sluice.Service.Models;

namespace Sluice.Service.Files;

/// <summary>Turns read lines into what the engine of one model runs: template, tokens, limits.</summary>
/// <param name="model">The lines' model.</param>
/// <param name="templates">Its chat template.</param>
/// <param name="scope">Owner of the pages that lines of one file share.</param>
/// <param name="time">The clock of templates.</param>
internal sealed class LinePreparer(ServedModel model, FolderTemplate templates, CacheScope scope, TimeProvider time)
{
    private readonly TemplateOptions _options = new() { Time = time };

    public ServedModel Model => model;

    /// <summary>Null, and an error that names the member, where this model cannot run the line.</summary>
    public PreparedLine? Prepare(BatchLine line, RequestErrors errors)
    {
        JobRequest request = line.Request;
        if (request.Model is { } named && named != model.Name)
        {
            errors.Add("body.model", $"body.model must be '{model.Name}', or absent; got {TextRules.Quote(named)}.", "unknown_model");
        }
        if (request.Parameters?.MaxTokens > model.ContextLength)
        {
            errors.Range("body.max_tokens", request.Parameters.MaxTokens, 1, model.ContextLength);
        }
        if (request.Parameters?.LogitBias is { } biases)
        {
            ParameterRules.CheckIds("body.logit_bias", biases, model, errors);
        }
        if (errors.All.Count > 0 || Tokens(request, errors) is not { } prompt)
        {
            return null;
        }
        int[][] choices = request.Kind == JobKind.Score ? [.. request.Choices!.Select(model.EncodeChoice)] : [];
        int room = request.Kind == JobKind.Generate ? 1 : choices.Length == 0 ? 0 : choices.Max(choice => choice.Length);
        if (prompt.Length == 0 || prompt.Length + room > model.ContextLength)
        {
            errors.Add(
                PromptField(line.Endpoint),
                $"The prompt has {prompt.Length} tokens, and {room} are needed after it; model '{model.Name}' holds 1 to {model.ContextLength} in all.", "too_long");
            return null;
        }
        JobParameters parameters = request.Parameters ?? new JobParameters();
        int most = parameters.MaxTokens ?? JobDefaults.MaxTokens;
        EngineRequest run = new()
        {
            Scope = scope,
            Kind = request.Kind switch { JobKind.Generate => SequenceKind.Generate, JobKind.Score => SequenceKind.Score, _ => SequenceKind.Embed },
            Prompt = prompt,
            Choices = choices,
            Sampling = EngineRequests.Sampling(parameters),
            MaxTokens = most,
            Stop = parameters.Stop ?? [],
            Logprobs = parameters.Logprobs,
        };
        int fresh = request.Kind == JobKind.Generate ? Math.Min(most, model.ContextLength - prompt.Length) : choices.Sum(choice => choice.Length);
        return new PreparedLine(line, run, fresh);
    }

    private int[]? Tokens(JobRequest request, RequestErrors errors)
    {
        if (request.Messages is not { } messages)
        {
            return model.EncodePrompt(request.Prompt!);
        }
        if (templates.Template is not { } template || model.Tokenizer is not { } tokenizer)
        {
            errors.NotSupported("body.messages", templates.Fault ?? $"model '{model.Name}' has no chat template.");
            return null;
        }
        try
        {
            return template.Encode(tokenizer, [.. messages.Select(message => new TemplateMessage(message.Role!, message.Content))], _options);
        }
        catch (TemplateException refusal)
        {
            errors.Add("body.messages", $"The chat template refuses the messages: {refusal.Message}.");
            return null;
        }
    }

    private static string PromptField(BatchEndpoint endpoint) => endpoint switch
    {
        BatchEndpoint.ChatCompletions => "body.messages",
        BatchEndpoint.Embeddings => "body.input",
        _ => "body.prompt",
    };
}
