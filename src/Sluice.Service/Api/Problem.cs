using Microsoft.AspNetCore.Http;
using Sluice.Jobs;

namespace Sluice.Service.Api;

/// <summary>An error to answer with. As a result of an endpoint it writes itself.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Stable, lower case with underscores.</param>
/// <param name="Detail">For people; never holds prompt text.</param>
internal sealed record Problem(int Status, string Code, string Detail) : IResult
{
    public IReadOnlyList<FieldError>? Errors { get; init; }

    /// <summary>Seconds after which the same request may succeed.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>When the job would end.</summary>
    public DateTimeOffset? Eta { get; init; }

    /// <summary>Repeating the request is useless: clients that repeat by status are told not to.</summary>
    public bool Permanent { get; init; }

    public Task ExecuteAsync(HttpContext httpContext) => Problems.WriteAsync(httpContext, this);
}
