using Microsoft.Extensions.Options;
using Sluice.Service.Models;
using Sluice.Service.Queue;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// Who this worker is to the store: a name that stays, an id that is new at every start and after every time it was declared dead.
/// Work begun under one id is worth nothing under the next.
/// </summary>
internal sealed class Incarnation(IJobStore store, ModelCatalog catalog, IOptions<WorkerOptions> options, QueueNames queues, TimeProvider time)
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);
    private volatile Life _life = new(Guid.CreateVersion7(time.GetUtcNow()), new CancellationTokenSource());

    public string Name => options.Value.Name;

    /// <summary>The id now, and a token that is cancelled when it has been declared dead. One snapshot: use both together.</summary>
    public (Guid Id, CancellationToken Dead) Current
    {
        get
        {
            Life life = _life;
            return (life.Id, life.Dead);
        }
    }

    /// <summary>True from the store's first answer to <see cref="RegisterAsync"/>.</summary>
    public bool IsRegistered { get; private set; }

    /// <summary>Announces the current id; waits for the store where it is away.</summary>
    public async Task RegisterAsync(CancellationToken cancellationToken)
    {
        WorkerRegistration worker = new(_life.Id, Name, [.. catalog.All.Select(model => model.Name)])
        {
            Shards = queues.Shards > 1 ? queues.Shards : null,
        };
        while (true)
        {
            try
            {
                await store.RegisterWorkerAsync(worker, cancellationToken);
                IsRegistered = true;
                return;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(s_retry, time, cancellationToken);
            }
        }
    }

    /// <summary>The store no longer knows the current id: what runs under it is cancelled, and a new one begins, not yet registered.</summary>
    public void Die()
    {
        Life dead = _life;
        IsRegistered = false;
        _life = new Life(Guid.CreateVersion7(time.GetUtcNow()), new CancellationTokenSource());
        dead.End();
    }

    private sealed class Life(Guid id, CancellationTokenSource end)
    {
        public Guid Id => id;
        public CancellationToken Dead { get; } = end.Token;
        public void End() => end.Cancel();
    }
}
