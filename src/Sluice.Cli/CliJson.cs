using System.Text.Json.Serialization;
using Sluice.Cli.Models;

namespace Sluice.Cli;

/// <summary>What commands print with <c>--json</c>: snake case, one line.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ModelReport))]
internal sealed partial class CliJson : JsonSerializerContext;
