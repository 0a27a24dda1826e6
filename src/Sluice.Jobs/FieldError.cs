using System.Text.Json.Serialization;

namespace Sluice.Jobs;

/// <summary>One thing wrong with a request.</summary>
/// <param name="Field">The member's path as sent, <c>parameters.top_p</c>.</param>
/// <param name="Message">Names the limit and the value.</param>
/// <param name="Code">Stable: <c>invalid</c>, <c>required</c>, <c>unknown_model</c>, <c>too_long</c>, <c>not_supported</c>, …</param>
public sealed record FieldError(
    [property: JsonPropertyName("field")] string Field,
    [property: JsonPropertyName("message")] string Message,
    [property: JsonPropertyName("code")] string Code = "invalid");
