using Sluice.Jobs;

namespace Sluice.Tests.Store.Model;

/// <summary>A job as the model knows it. Times are counted from the beginning of the run.</summary>
internal sealed class ModelJob
{
    public required JobId Id { get; init; }
    public required string Tenant { get; init; }
    public required string Text { get; init; }

    /// <summary>Equal ones are twins, and its answer serves others.</summary>
    public required bool Keyed { get; init; }
    public required JobClass Class { get; init; }
    public required OnLate OnLate { get; init; }
    public required TimeSpan CreatedAt { get; init; }
    public TimeSpan? Deadline { get; init; }

    public JobState State { get; set; } = JobState.Queued;
    public int Claims { get; set; }
    public int Failures { get; set; }
    public int Suspicions { get; set; }

    /// <summary>Deaths of workers that ran it, a suspect, and nothing else.</summary>
    public int LoneCrashes { get; set; }
    public Guid? HeldBy { get; set; }
    public ModelJob? WaitsFor { get; set; }
    public TimeSpan TicketedAt { get; set; }
    public bool Started { get; set; }
    public bool Erased { get; set; }
    public string? Answer { get; set; }
    public AnswerSource Source { get; set; }
    public string? Code { get; set; }

    /// <summary>Most urgent class and earliest deadline of the job and its twins.</summary>
    public required JobClass RunClass { get; set; }
    public TimeSpan? RunBy { get; set; }

    public bool Live => !State.IsTerminal();

    public bool Leads => Live && Keyed && WaitsFor is null;

    public bool Free => State == JobState.Queued && HeldBy is null && WaitsFor is null;

    public bool IsLate(TimeSpan now) => OnLate != OnLate.Run && Deadline <= now;

    /// <summary>Becomes as urgent as its twin; false where it is.</summary>
    public bool Hurry(ModelJob twin)
    {
        (JobClass, TimeSpan?) before = (RunClass, RunBy);
        RunClass = (JobClass)Math.Min((int)RunClass, (int)twin.Class);
        RunBy = RunBy is null || twin.Deadline < RunBy ? twin.Deadline ?? RunBy : RunBy;
        return (RunClass, RunBy) != before;
    }
}
