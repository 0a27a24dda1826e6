using System.Text.Json;
using System.Text.Json.Serialization;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>What lines take where they say nothing. Stored with the submission as JSON.</summary>
internal sealed record LineDefaults
{
    public static readonly LineDefaults None = new();

    public string? Model { get; init; }

    /// <summary>Not for lines in OpenAI's shape, whose url says it.</summary>
    public JobKind? Kind { get; init; }

    /// <summary>Bulk where this too is absent.</summary>
    public JobClass? Priority { get; init; }
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Seconds from the acceptance of the submission.</summary>
    public double? Ttl { get; init; }
    public OnLate? OnLate { get; init; }
    public CacheMode? Cache { get; init; }
    public string? Namespace { get; init; }

    /// <summary>Those of a stored submission.</summary>
    public static LineDefaults Of(SubmissionRecord submission) =>
        submission.Defaults is { } json ? JsonSerializer.Deserialize(json, SubmissionJson.Default.LineDefaults)! : None;

    public JobRequest Fill(SubmissionLine line)
    {
        JobRequest request = line.Request;
        bool timed = request.Deadline is not null || request.Ttl is not null;
        CacheRequest? cache = request.Cache;
        if (Cache is not null || Namespace is not null)
        {
            cache = (cache ?? new CacheRequest()) with { Mode = cache?.Mode ?? Cache, Namespace = cache?.Namespace ?? Namespace };
        }
        return request with
        {
            Model = request.Model ?? Model,
            Kind = line.SaysKind ? request.Kind : Kind ?? request.Kind,
            Priority = request.Priority ?? Priority ?? JobClass.Bulk,
            Deadline = timed ? request.Deadline : Deadline,
            Ttl = timed ? request.Ttl : Ttl,
            OnLate = request.OnLate ?? OnLate,
            Cache = cache,
        };
    }
}

/// <summary>Shapes that only submissions have.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(JobTimes)])]
[JsonSerializable(typeof(LineDefaults))]
internal sealed partial class SubmissionJson : JsonSerializerContext;
