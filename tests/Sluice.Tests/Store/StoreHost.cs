using Sluice.Store;

namespace Sluice.Tests.Store;

/// <summary>An empty store of one implementation, and its way of letting time pass.</summary>
public abstract class StoreHost : IAsyncDisposable
{
    public abstract IJobStore Jobs { get; }
    public abstract IKeyStore Keys { get; }
    public abstract IWebhookStore Webhooks { get; }
    public abstract ISubmissionStore Submissions { get; }
    public abstract IScheduleStore Schedules { get; }
    public abstract IRetentionStore Retention { get; }
    public abstract ICostStore Costs { get; }

    public abstract Task OpenAsync();

    /// <summary>Lets the store's own clock move on by this much.</summary>
    public abstract Task PassAsync(TimeSpan time);

    /// <summary>Makes all that is live, remembered or kept for a time this much older, at once, for these tenants and all workers.</summary>
    public abstract Task ShiftAsync(TimeSpan time, IReadOnlyList<string> tenants);

    /// <summary>Takes the rows of workers away that were silent for so long, where <see cref="ShiftAsync"/> alone does not make them dead: those of a server that came up later are not.</summary>
    public virtual Task BurySilentAsync(TimeSpan silence) => Task.CompletedTask;

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
