using System.Globalization;
using Sluice.Jobs;
using Sluice.Service.Cache;
using Sluice.Service.Models;

namespace Sluice.Service.Intake;

/// <summary>Rules for <c>parameters</c>, <c>cache</c> and <c>metadata</c>: those that need no model.</summary>
internal static class ParameterRules
{
    public const int MaxStops = 16;
    public const int MaxBiases = 300;
    public const int MaxStopLength = 256;
    public const int MaxMetadata = 16;
    public const int MaxMetadataKey = 64;
    public const int MaxMetadataValue = 512;
    private const double MaxCacheTtl = 30 * 86_400;

    public static void Check(JobParameters parameters, RequestErrors errors)
    {
        errors.Range("parameters.temperature", parameters.Temperature, 0, 2);
        errors.Range("parameters.top_p", parameters.TopP, 0, 1, above: true);
        errors.Range("parameters.top_k", parameters.TopK, 0, int.MaxValue);
        errors.Range("parameters.min_p", parameters.MinP, 0, 1);
        errors.Range("parameters.frequency_penalty", parameters.FrequencyPenalty, -2, 2);
        errors.Range("parameters.presence_penalty", parameters.PresencePenalty, -2, 2);
        errors.Range("parameters.repetition_penalty", parameters.RepetitionPenalty, 0, 2, above: true);
        errors.Range("parameters.logprobs", parameters.Logprobs, 0, 20);
        if (parameters.Stop is { } stops)
        {
            CheckStops(stops, errors);
        }
        if (parameters.LogitBias is { } biases)
        {
            CheckBiases("parameters.logit_bias", biases, errors);
        }
    }

    public static void Check(CacheRequest cache, JobRequest request, RequestErrors errors)
    {
        if (cache.Namespace is string name && !TextRules.IsNamespace(name))
        {
            errors.Add("cache.namespace", $"cache.namespace must be 1 to 64 letters, digits, '.', '_' or '-'; got {TextRules.Quote(name)}.");
        }
        errors.Range("cache.min_similarity", cache.MinSimilarity, 0, 1, above: true);
        errors.Range("cache.ttl", cache.Ttl, 0, MaxCacheTtl, above: true);
        if (cache.Mode is CacheMode.Exact or CacheMode.Semantic && !JobKeys.IsDeterministic(request))
        {
            errors.Add("cache.mode", $"cache.mode may be '{cache.Mode.Value.ToString().ToLowerInvariant()}' only for a deterministic job: parameters.temperature 0, or a parameters.seed.");
        }
        if (cache.Mode == CacheMode.Semantic && !SemanticTier.Serves(request.Kind))
        {
            errors.Add("cache.mode", $"cache.mode may not be 'semantic' when kind is '{request.Kind.ToString().ToLowerInvariant()}': every text has a vector of its own; use 'exact'.");
        }
    }

    public static void Check(IReadOnlyDictionary<string, string> metadata, RequestErrors errors)
    {
        if (metadata.Count > MaxMetadata)
        {
            errors.Add("metadata", $"metadata may have at most {MaxMetadata} pairs; got {metadata.Count}.", "too_long");
            return;
        }
        foreach ((string key, string? value) in metadata)
        {
            if (key.Length is 0 or > MaxMetadataKey)
            {
                errors.Add("metadata", $"A key of metadata must have 1 to {MaxMetadataKey} characters; {TextRules.Quote(key)} has {key.Length}.", "too_long");
            }
            errors.Text("metadata", key);
            string field = $"metadata.{key}";
            if (value is null)
            {
                errors.Add(field, $"{field} must be a string; got null.");
            }
            else if (value.Length > MaxMetadataValue)
            {
                errors.Add(field, $"{field} may have at most {MaxMetadataValue} characters; got {value.Length}.", "too_long");
            }
            errors.Text(field, value);
        }
    }

    /// <summary>At most 300 biases, by token id, each from -100 to 100.</summary>
    public static void CheckBiases(string field, IReadOnlyDictionary<string, double> biases, RequestErrors errors)
    {
        if (biases.Count > MaxBiases)
        {
            errors.Add(field, $"{field} may have at most {MaxBiases} token ids; got {biases.Count}.", "too_long");
            return;
        }
        foreach ((string id, double bias) in biases)
        {
            // one spelling of an id: 7, not 07 or +7
            if (!int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number.ToString(CultureInfo.InvariantCulture) != id)
            {
                errors.Add(field, $"A member of {field} must be named by a token id, 0 or more; got {TextRules.Quote(id)}.");
                continue;
            }
            errors.Range($"{field}.{id}", bias, -100, 100);
        }
    }

    /// <summary>Of what <see cref="CheckBiases"/> lets pass, the ids that this model does not have.</summary>
    public static void CheckIds(string field, IReadOnlyDictionary<string, double> biases, ServedModel model, RequestErrors errors)
    {
        foreach (string id in biases.Keys.Take(MaxBiases))
        {
            if (int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= model.VocabularySize)
            {
                errors.Add($"{field}.{id}", $"{field}.{id} must be named by a token id of model '{model.Name}', from 0 to {model.VocabularySize - 1}; got {id}.");
            }
        }
    }

    private static void CheckStops(IReadOnlyList<string> stops, RequestErrors errors)
    {
        if (stops.Count > MaxStops)
        {
            errors.Add("parameters.stop", $"parameters.stop may have at most {MaxStops} texts; got {stops.Count}.", "too_long");
            return;
        }
        for (int i = 0; i < stops.Count; i++)
        {
            string field = $"parameters.stop[{i}]";
            if (stops[i] is not { Length: > 0 and <= MaxStopLength } stop)
            {
                errors.Add(field, $"{field} must have 1 to {MaxStopLength} characters; got {stops[i]?.Length ?? 0}.", "too_long");
                continue;
            }
            errors.Text(field, stop);
        }
    }
}
