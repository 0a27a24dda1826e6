namespace Sluice.Store.Memory;

/// <summary>A firing as the memory store keeps it, with its schedule as it was. Guarded by the store's lock.</summary>
internal sealed class MemoryFiring(ScheduleRecord schedule, FiringRecord firing)
{
    private int _claims;
    private DateTimeOffset? _previous = schedule.LastFireTime;
    private string? _sinkCursor;

    public FiringRecord Firing { get; set; } = firing;
    public DateTimeOffset? LeaseUntil { get; set; }

    public bool Open => Firing.State < FiringState.Finished;

    public bool Before(MemoryFiring other) => (Firing.CreatedAt, Firing.Id).CompareTo((other.Firing.CreatedAt, other.Firing.Id)) < 0;

    public void Cancel()
    {
        Firing = Firing with { State = FiringState.Cancelling };
        _claims++;
        LeaseUntil = null;
    }

    /// <param name="until">End of its lease.</param>
    /// <param name="earlier">Those of its schedule that fired by the clock before it, in their order.</param>
    public ClaimedFiring Claim(DateTimeOffset until, IReadOnlyList<MemoryFiring> earlier)
    {
        if (_claims++ == 0)
            _previous = earlier.LastOrDefault(f => f.Firing.State < FiringState.Cancelling || f.Firing.State == FiringState.Finished)?.Firing.FireTime ?? (earlier.Count > 0 ? earlier[0]._previous : _previous);
        LeaseUntil = until;
        if (Firing.State == FiringState.Waiting)
            Firing = Firing with { State = FiringState.Staging };
        return new ClaimedFiring
        {
            Firing = Firing,
            Name = schedule.Name,
            Source = schedule.Source,
            Request = schedule.Request,
            Sink = schedule.Sink,
            PreviousFireTime = _previous,
            SinkCursor = _sinkCursor,
            Fence = new FiringFence(Firing.Id, _claims),
        };
    }

    public bool Record(FiringFence fence, FiringChange change, DateTimeOffset now)
    {
        if (!Open || fence.Claims != _claims)
            return false;
        FiringState state = change.State ?? Firing.State;
        bool ended = state >= FiringState.Finished;
        Firing = Firing with
        {
            State = state,
            Rows = change.Rows ?? Firing.Rows,
            Delivered = change.Delivered ?? Firing.Delivered,
            ErrorCode = change.ErrorCode ?? Firing.ErrorCode,
            ErrorMessage = change.ErrorMessage ?? Firing.ErrorMessage,
            StagedAt = change.State == FiringState.Running ? now : Firing.StagedAt,
            FinishedAt = ended ? now : null,
        };
        _sinkCursor = change.SinkCursor ?? _sinkCursor;
        LeaseUntil = change.Lease > TimeSpan.Zero && !ended ? now + change.Lease : null;
        return true;
    }
}
