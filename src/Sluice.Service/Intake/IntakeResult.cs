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

    /// <summary>It is to be refused where it would be late, and what jobs cost has not been read since the start: the same request may be sent again in a second; nothing stored.</summary>
    public sealed record NotYet : IntakeResult;

    /// <summary>It would end after its deadline, and was not to be stored then. <paramref name="Eta"/> is null where no worker runs its model.</summary>
    public sealed record TooLate(DateTimeOffset? Eta, DateTimeOffset Deadline) : IntakeResult
    {
        public const string Code = "deadline_cannot_be_met";

        /// <summary>The member that set the deadline: <c>deadline</c> or <c>ttl</c>.</summary>
        public string Field { get; init; } = "deadline";

        /// <summary>For people.</summary>
        public string Detail => Eta is { } eta
            ? $"The job would end at about {JobTimes.Text(eta)}, after its deadline {JobTimes.Text(Deadline)}; on_late is 'reject'."
            : $"No worker runs the model now, so nothing says that the job would end by its deadline {JobTimes.Text(Deadline)}; on_late is 'reject'.";
    }

    /// <summary>As much waits as may; nothing stored. <paramref name="What"/> is bounded by <paramref name="Bound"/>: <c>queued jobs of one tenant</c>, …</summary>
    public sealed record Full(string What, long Bound) : IntakeResult;
}
