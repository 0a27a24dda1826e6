using Sluice.Jobs;

namespace Sluice.Store.Memory;

/// <summary>One submission as the memory store keeps it. Guarded by the store's lock.</summary>
internal sealed class MemorySubmission(NewSubmission asked, DateTimeOffset now)
{
    private SubmissionRecord _record = new()
    {
        Id = asked.Id,
        Tenant = asked.Tenant,
        State = SubmissionState.Receiving,
        Source = asked.Source,
        Name = asked.Name,
        IdempotencyKey = asked.IdempotencyKey,
        Schedule = asked.Schedule,
        FireTime = asked.FireTime,
        KeepIncomplete = asked.KeepIncomplete,
        Defaults = asked.Defaults,
        FinishBy = asked.FinishBy,
        Metadata = asked.Metadata,
        Counts = default,
        LastLine = 0,
        FedTo = 0,
        CreatedAt = now,
    };

    public SubmissionRecord Record
    {
        get => _record;
        set => _record = value;
    }

    /// <summary>Staged and invalid ones; a fed one is its job.</summary>
    public SortedDictionary<int, StagedLine> Lines { get; } = [];

    public HashSet<string> CustomIds { get; } = new(StringComparer.Ordinal);
    public Guid? Feeder { get; set; }
    public DateTimeOffset FeederUntil { get; set; } = DateTimeOffset.MinValue;

    /// <summary>When its lines were taken last.</summary>
    public DateTimeOffset? TakenAt { get; set; }
    public DateTimeOffset TouchedAt { get; set; } = now;

    /// <summary>Lines and names go then, where it is settled.</summary>
    public DateTimeOffset ExpiresAt { get; } = now + asked.Retention;
    public bool Forgotten { get; private set; }

    /// <summary>Terminal, its jobs ended and its counts final.</summary>
    public bool Settled { get; set; }

    public bool Terminal => _record.State >= SubmissionState.Finished;

    public bool MayFeed => _record.State == SubmissionState.Running || (_record.State == SubmissionState.Receiving && _record.KeepIncomplete);

    /// <summary>All that a person wrote goes. How many lines did.</summary>
    public int Forget()
    {
        int lines = Lines.Count;
        Lines.Clear();
        CustomIds.Clear();
        _record = _record with { Name = null, IdempotencyKey = null, Defaults = null, Metadata = null, Cursor = null };
        Forgotten = true;
        return lines;
    }

    /// <summary>One of its jobs has ended.</summary>
    public void Count(JobState state)
    {
        SubmissionCounts counts = _record.Counts;
        _record = _record with
        {
            Counts = state switch
            {
                JobState.Succeeded => counts with { Succeeded = counts.Succeeded + 1 },
                JobState.Failed => counts with { Failed = counts.Failed + 1 },
                JobState.Expired => counts with { Expired = counts.Expired + 1 },
                JobState.Cancelled => counts with { Cancelled = counts.Cancelled + 1 },
                _ => throw new InvalidOperationException($"{state} is not an end."),
            },
        };
    }

    public void Close(bool incomplete, byte[]? hash, DateTimeOffset at) =>
        _record = _record with { State = SubmissionState.Running, RequestHash = hash, UploadIncomplete = incomplete, ClosedAt = at };

    /// <summary>Lines that were not fed count as cancelled.</summary>
    public void Cancel(bool incomplete, bool giveKeyBack, DateTimeOffset at)
    {
        SubmissionCounts counts = _record.Counts;
        _record = _record with
        {
            State = SubmissionState.Cancelled,
            UploadIncomplete = _record.UploadIncomplete || incomplete,
            IdempotencyKey = giveKeyBack ? null : _record.IdempotencyKey,
            Counts = counts with { Cancelled = counts.Cancelled + counts.Lines - counts.Invalid - counts.Fed },
            ClosedAt = _record.ClosedAt ?? at,
            FinishedAt = at,
        };
    }
}
