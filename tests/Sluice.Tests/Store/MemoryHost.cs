using Sluice.Store;
using Sluice.Store.Memory;

namespace Sluice.Tests.Store;

/// <summary>The memory store on a clock that only moves when told.</summary>
internal sealed class MemoryHost : StoreHost
{
    private readonly ManualClock _clock = new();

    public MemoryHost() => Jobs = new MemoryJobStore(_clock);

    public override IJobStore Jobs { get; }
    public override IKeyStore Keys { get; } = new MemoryKeyStore();
    public override IWebhookStore Webhooks => new MemoryWebhookStore((MemoryJobStore)Jobs);

    public override ISubmissionStore Submissions => new MemorySubmissionStore((MemoryJobStore)Jobs);

    public override IScheduleStore Schedules => new MemoryScheduleStore((MemoryJobStore)Jobs);

    public override IRetentionStore Retention => new MemoryRetentionStore((MemoryJobStore)Jobs);

    public override ICostStore Costs => new MemoryCostStore((MemoryJobStore)Jobs);

    public override Task OpenAsync() => Task.CompletedTask;

    public override Task PassAsync(TimeSpan time)
    {
        _clock.Now += time;
        return Task.CompletedTask;
    }

    public override Task ShiftAsync(TimeSpan time, IReadOnlyList<string> tenants) => PassAsync(time);

    private sealed class ManualClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
