using System.Text.Json.Serialization;
using Sluice.Jobs;

namespace Sluice.Service.Api;

/// <summary>Shapes that only the HTTP surface has; those of jobs are in <see cref="Jobs.JobsJson"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(JobTimes)])]
[JsonSerializable(typeof(ProblemBody))]
[JsonSerializable(typeof(ModelPage))]
[JsonSerializable(typeof(HealthView))]
internal sealed partial class ApiJson : JsonSerializerContext;
