using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Intake;

/// <summary>What became of a submit. A closed set: the nested types, no others.</summary>
internal abstract record IntakeResult
{
    private IntakeResult()
    {
    }

    /// <summary>Stored, or stored before under the same key. <paramref name="Outcome"/> is Queued, CacheHit, Twin or Replayed.</summary>
    public sealed record Accepted(JobRecord Job, SubmitOutcome Outcome) : IntakeResult;

    /// <summary>Every field that is wrong, at least one; nothing stored.</summary>
    public sealed record Invalid(IReadOnlyList<FieldError> Errors) : IntakeResult;

    /// <summary>The idempotency key belongs to another request; nothing stored.</summary>
    public sealed record KeyReused(string Key) : IntakeResult;

    /// <summary>As much waits as may; nothing stored. <paramref name="What"/> is bounded by <paramref name="Bound"/>: <c>queued jobs of one tenant</c>, …</summary>
    public sealed record Full(string What, long Bound) : IntakeResult;
}
