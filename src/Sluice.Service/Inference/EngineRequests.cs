using System.Globalization;
using Sluice.Engine;
using Sluice.Engine.Templates;
using Sluice.Jobs;
using Sluice.Service.Models;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>Turns a claimed job into what an engine runs.</summary>
internal sealed class EngineRequests(CacheScopes scopes)
{
    private const int DefaultMaxTokens = 128;

    /// <summary>Throws <see cref="ArgumentException"/> for a request that this model cannot run.</summary>
    public EngineRequest Build(ClaimedJob job, ServedModel model)
    {
        JobRequest request = job.Request;
        JobParameters parameters = request.Parameters ?? new JobParameters();
        return new EngineRequest
        {
            Scope = scopes.Of(job.Tenant, job.Namespace),
            Kind = Kind(request.Kind),
            Conversation = request.Conversation,
            Prompt = Encode(request, model),
            Choices = request.Kind == JobKind.Score ? [.. (request.Choices ?? []).Select(model.EncodeChoice)] : [],
            Sampling = Sampling(parameters),
            MaxTokens = parameters.MaxTokens ?? DefaultMaxTokens,
            Stop = parameters.Stop ?? [],
            Logprobs = parameters.Logprobs,
        };
    }

    private static int[] Encode(JobRequest request, ServedModel model)
    {
        try
        {
            return model.Encode(request);
        }
        catch (TemplateException fault)
        {
            throw new ArgumentException(fault.Message, fault);
        }
    }

    private static SequenceKind Kind(JobKind kind) => kind switch
    {
        JobKind.Generate => SequenceKind.Generate,
        JobKind.Score => SequenceKind.Score,
        JobKind.Embed => SequenceKind.Embed,
        _ => throw new ArgumentException($"{kind} is not a kind of job that can run."),
    };

    public static SamplingOptions Sampling(JobParameters parameters) => new()
    {
        Temperature = (float)(parameters.Temperature ?? 0),
        TopK = parameters.TopK ?? 0,
        TopP = (float)(parameters.TopP ?? 1),
        MinP = (float)(parameters.MinP ?? 0),
        FrequencyPenalty = (float)(parameters.FrequencyPenalty ?? 0),
        PresencePenalty = (float)(parameters.PresencePenalty ?? 0),
        RepetitionPenalty = (float)(parameters.RepetitionPenalty ?? 1),
        LogitBias = parameters.LogitBias is { } biases ? [.. biases.Select(pair => new LogitBias(int.Parse(pair.Key, CultureInfo.InvariantCulture), (float)pair.Value))] : [],
        Seed = parameters.Seed,
    };
}
