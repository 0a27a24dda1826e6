using Sluice.Store;

namespace Sluice.Service.Webhooks;

/// <summary>
/// Who is being called by this process. A target is asked for anew only when all that went to it came back, so a slow one holds its own few places and no other's;
/// one that failed ten times on end is tried once in thirty seconds until it answers.
/// </summary>
internal sealed class DeliveryLanes(WebhookOptions options, TimeProvider time)
{
    public const int FailuresToOpen = 10;
    public static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_sweepEvery = TimeSpan.FromMinutes(1), s_forgetAfter = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Lane> _lanes = [];
    private readonly Dictionary<string, int> _tenants = [];
    private int _busy;
    private long _swept = time.GetTimestamp();
    private TaskCompletionSource _freed = NewSignal();

    /// <summary>Completes when a place becomes free after this was read.</summary>
    public Task Freed
    {
        get
        {
            lock (_lock)
            {
                return _freed.Task;
            }
        }
    }

    /// <summary>Half of what a tenant may have under way: it is asked for again when the other half has come back, so it never has more.</summary>
    private int PerClaim => Math.Max(1, options.PerTenant / 2);

    /// <summary>What may be claimed now; null where nothing may.</summary>
    public DeliveryClaim? Ask()
    {
        lock (_lock)
        {
            if (_busy >= options.Concurrency)
            {
                return null;
            }
            Sweep();
            long now = time.GetTimestamp();
            return new DeliveryClaim
            {
                Most = options.Concurrency - _busy,
                PerTarget = options.PerTarget,
                PerTenant = PerClaim,
                Lease = options.Lease,
                BusyTargets = [.. _lanes.Where(lane => lane.Value.Busy > 0 || (lane.Value.IsOpen && now < lane.Value.ProbeAt)).Select(lane => lane.Key)],
                Probes = [.. _lanes.Where(lane => lane.Value.IsOpen).Select(lane => lane.Key)],
                BusyTenants = [.. _tenants.Where(tenant => tenant.Value + PerClaim > options.PerTenant).Select(tenant => tenant.Key)],
            };
        }
    }

    public void Enter(DueDelivery due)
    {
        lock (_lock)
        {
            _busy++;
            _tenants[due.Tenant] = _tenants.GetValueOrDefault(due.Tenant) + 1;
            Lane lane = _lanes.TryGetValue(due.Target, out Lane? known) ? known : _lanes[due.Target] = new Lane();
            lane.Busy++;
        }
    }

    public void Leave(DueDelivery due, bool delivered)
    {
        TaskCompletionSource freed;
        lock (_lock)
        {
            _busy--;
            if (--_tenants[due.Tenant] == 0)
            {
                _tenants.Remove(due.Tenant);
            }
            Lane lane = _lanes[due.Target];
            lane.Busy--;
            lane.Failures = delivered ? 0 : lane.Failures + 1;
            lane.ProbeAt = time.GetTimestamp() + (long)(ProbeEvery.TotalSeconds * time.TimestampFrequency);
            if (lane is { Busy: 0, Failures: 0 })
            {
                _lanes.Remove(due.Target);
            }
            freed = _freed;
            _freed = NewSignal();
        }
        freed.SetResult();
    }

    /// <summary>Forgets, every minute, targets that failed once and were not called since: their number is the tenants' choice.</summary>
    private void Sweep()
    {
        long now = time.GetTimestamp();
        if (time.GetElapsedTime(_swept, now) < s_sweepEvery)
        {
            return;
        }
        _swept = now;
        long before = now - (long)(s_forgetAfter.TotalSeconds * time.TimestampFrequency);
        foreach (string target in _lanes.Where(lane => lane.Value.Busy == 0 && lane.Value.ProbeAt < before).Select(lane => lane.Key).ToList())
        {
            _lanes.Remove(target);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Lane
    {
        public int Busy { get; set; }
        public int Failures { get; set; }
        public long ProbeAt { get; set; }
        public bool IsOpen => Failures >= FailuresToOpen;
    }
}
