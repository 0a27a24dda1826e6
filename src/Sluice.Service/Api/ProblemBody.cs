using System.Text.Json.Serialization;
using Sluice.Jobs;

namespace Sluice.Service.Api;

/// <summary>An error as RFC 9457 has it, with the object that OpenAI's clients print beside it.</summary>
internal sealed record ProblemBody
{
    /// <summary>Stable: <c>urn:sluice:problem:</c> and the code.</summary>
    public required string Type { get; init; }
    public required string Title { get; init; }
    public required int Status { get; init; }

    /// <summary>For people; names limit and value.</summary>
    public required string Detail { get; init; }

    [JsonPropertyName("traceId")]
    public string? TraceId { get; init; }

    /// <summary>Every field that is wrong.</summary>
    public IReadOnlyList<FieldError>? Errors { get; init; }

    /// <summary>With <c>deadline_cannot_be_met</c>: when the job would end.</summary>
    public DateTimeOffset? Eta { get; init; }
    public required ErrorBody Error { get; init; }
}

/// <summary>The error object of the OpenAI API.</summary>
/// <param name="Message">As <see cref="ProblemBody.Detail"/>.</param>
/// <param name="Type"><c>invalid_request_error</c>, <c>authentication_error</c>, <c>permission_error</c>, <c>rate_limit_error</c> or <c>server_error</c>.</param>
/// <param name="Param">The first field that is wrong.</param>
/// <param name="Code">Stable.</param>
internal sealed record ErrorBody(string Message, string Type, string? Param, string Code);
