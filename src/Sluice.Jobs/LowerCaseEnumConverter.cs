using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sluice.Jobs;

/// <summary>Enums travel as lower-case snake names; numbers are not accepted.</summary>
public sealed class LowerCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
