using Sluice.Jobs;

namespace Sluice.Store;

/// <summary>What a feeder asks for.</summary>
public sealed record FeedRequest
{
    /// <summary>Who feeds: a submission has one feeder at a time, until its lease ends.</summary>
    public required Guid Feeder { get; init; }
    public int MaxLines { get; init; } = 1000;

    /// <summary>Jobs of one submission that may be queued or running: what is staged beyond them waits.</summary>
    public int MaxLive { get; init; } = 8000;

    /// <summary>A feeder unheard of for this long is replaced.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Tenants that have as much queued as they may.</summary>
    public IReadOnlyList<string> FullTenants { get; init; } = [];

    /// <summary>Submissions that this feeder leaves to others: none of them is taken, and what it holds of them it gives back.</summary>
    public IReadOnlyList<Guid> Left { get; init; } = [];
}

/// <summary>Lines of one submission that are this feeder's to feed.</summary>
/// <param name="Submission">As it stands.</param>
/// <param name="Lines">Staged lines after <see cref="SubmissionRecord.FedTo"/>, in order.</param>
/// <param name="To">All lines up to this one are in <paramref name="Lines"/>, blank and invalid ones aside.</param>
public sealed record FeedWork(SubmissionRecord Submission, IReadOnlyList<FeedLine> Lines, int To);

/// <summary>A staged line.</summary>
public sealed record FeedLine(int Number, byte[] Request);

/// <summary>What became of the lines of a <see cref="FeedWork"/>.</summary>
public sealed record FedChunk
{
    public required FeedWork Work { get; init; }

    /// <summary>Ids by <see cref="SubmissionJobs"/>, <see cref="NewJob.Submission"/> set.</summary>
    public required IReadOnlyList<NewJob> Jobs { get; init; }

    /// <summary>Lines that cannot become jobs; <see cref="StagedLine.Errors"/> set.</summary>
    public required IReadOnlyList<StagedLine> Invalid { get; init; }

    /// <summary>For each of <see cref="Jobs"/> that is <see cref="NewJob.TooLate"/>, the error row in its place where neither the cache nor an equal job answers it in time.</summary>
    public IReadOnlyList<StagedLine> Late { get; init; } = [];

    /// <summary>The lines that become error rows where this became of <see cref="Jobs"/>.</summary>
    internal IReadOnlyList<StagedLine> Refused(IReadOnlyList<SubmitOutcome> outcomes)
    {
        HashSet<int> late = [.. Jobs.Where((_, i) => outcomes[i] == SubmitOutcome.TooLate).Select(job => SubmissionJobs.LineOf(job.Id))];
        return late.Count == 0 ? Invalid : [.. Invalid, .. Late.Where(line => late.Contains(line.Number))];
    }
}

/// <summary>Limits of a round of tending.</summary>
public sealed record TendOptions
{
    /// <summary>An upload over HTTP unheard of for this long has broken off: its node is gone.</summary>
    public TimeSpan AbandonedAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Most jobs cancelled in one transaction.</summary>
    public int Max { get; init; } = 1000;
}

/// <summary>What a round did. <paramref name="Open"/>: submissions that are not settled yet; <paramref name="Finished"/>: became finished in it.</summary>
public sealed record TendReport(int Open, int Finished, int Abandoned, int Cancelled);

/// <summary>How a line ended, for results and errors.</summary>
public sealed record LineOutcome
{
    public required int Number { get; init; }
    public string? CustomId { get; init; }

    /// <summary>With a line that became a job; its embedding is left out.</summary>
    public JobRecord? Job { get; init; }

    /// <summary><see cref="NewJob.Shape"/>; null where the input was erased.</summary>
    public short? Shape { get; init; }

    /// <summary>With an invalid line.</summary>
    public IReadOnlyList<FieldError>? Errors { get; init; }

    /// <summary>With a line that was cancelled before it became a job: as received.</summary>
    public byte[]? Request { get; init; }
}

/// <summary>Which lines are asked for.</summary>
public enum LineFilter
{
    Succeeded,

    /// <summary>Invalid, failed, expired, cancelled.</summary>
    Failed,
}
