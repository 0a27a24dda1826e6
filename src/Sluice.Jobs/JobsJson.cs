using System.Text.Json.Serialization;
using Sluice.Jobs.Messages;

namespace Sluice.Jobs;

/// <summary>How jobs read and write: snake case, unknown and repeated members refused, 32 levels at most, nulls left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 32,
    Converters = [typeof(JobTimes)])]
[JsonSerializable(typeof(JobRequest))]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(JobPage))]
[JsonSerializable(typeof(IReadOnlyList<JobOutput>))]
[JsonSerializable(typeof(IReadOnlyList<FieldError>))]
[JsonSerializable(typeof(SubmissionView))]
[JsonSerializable(typeof(SubmissionPage))]
[JsonSerializable(typeof(SubmissionLineView))]
[JsonSerializable(typeof(SubmitJob))]
[JsonSerializable(typeof(JobFinished))]
[JsonSerializable(typeof(JobRejected))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
public sealed partial class JobsJson : JsonSerializerContext;
