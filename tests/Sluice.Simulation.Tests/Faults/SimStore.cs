using Sluice.Jobs;
using Sluice.Simulation.Tests.Checks;
using Sluice.Simulation.Tests.Clockwork;
using Sluice.Store;
using Sluice.Store.Memory;

namespace Sluice.Simulation.Tests.Faults;

/// <summary>
/// The store as a server: a request travels, is one transaction at one moment, and its answer travels back; either may be lost. What a killed process had asked for
/// takes effect all the same when the request was on its way.
/// </summary>
internal sealed class SimStore(SimWorld world, IJobStore inner, MemoryJobStore memory, StoreOracle oracle, FaultRates rates, FaultCounts counts, SimRandom random)
{
    private int _ids;
    private readonly SimProcess _server = new(world, "store", 1, TimeSpan.Zero);

    public MemoryJobStore Memory => memory;

    public IJobStore Inner => inner;

    public StoreOracle Oracle => oracle;

    /// <summary>While it is false every call fails after a while, and transactions that wait for their caller are rolled back.</summary>
    public bool IsUp { get; set; } = true;

    /// <summary>Transactions that wait for their caller to publish: their rows are in no table.</summary>
    public int Relaying { get; private set; }

    /// <summary>The next job's id: sorts by age, as all do.</summary>
    public JobId NextId() => new(new Guid(++_ids, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, (byte)world.Seed));

    /// <summary>One call of <paramref name="caller"/>: <paramref name="transaction"/> must be complete when it returns.</summary>
    public Task<T> CallAsync<T>(SimProcess caller, string name, Func<Task<T>> transaction, CancellationToken cancellationToken)
    {
        TaskCompletionSource<T> answer = new();
        if (caller.IsDead)
        {
            return answer.Task;
        }
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }
        // the caller stops waiting; whether the transaction takes place is open
        cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource<T>)state!).TrySetCanceled(token), answer);
        world.After(Travel(), () => Arrive(caller, name, transaction, answer));
        return answer.Task;
    }

    /// <summary>The one call in which the store calls back: rows stay locked while the caller publishes, and are there again when its connection breaks.</summary>
    public Task<int> RelayAsync(SimProcess caller, int max, Func<IReadOnlyList<OutboxRow>, CancellationToken, Task> publish, CancellationToken cancellationToken)
    {
        TaskCompletionSource<int> answer = new();
        cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource<int>)state!).TrySetCanceled(token), answer);
        world.After(Travel(), () =>
        {
            if (caller.IsDead)
            {
                return;
            }
            if (Refuses())
            {
                Answer(() => answer.TrySetException(Unavailable("relay")));
                return;
            }
            Relaying++;
            _server.Run(async () =>
            {
                try
                {
                    bool lose = false;
                    int published = await inner.RelayOutboxAsync(max, async (rows, _) =>
                    {
                        await PublishAsync(caller, rows, publish, cancellationToken);
                        oracle.Published(rows);
                        if (random.Chance(rates.StoreRefuses) || !IsUp)
                        {
                            counts.Add("relay commit failed after publish");
                            throw Unavailable("relay commit");
                        }
                        lose = random.Chance(rates.StoreAnswerLost);
                    }, CancellationToken.None);
                    if (lose)
                    {
                        counts.Add("store answer lost");
                        Answer(() => answer.TrySetException(Unavailable("relay answer")));
                    }
                    else
                    {
                        Answer(() => answer.TrySetResult(published));
                    }
                }
                catch (Exception e)
                {
                    Answer(() => answer.TrySetException(e));
                }
                Relaying--;
            });
        });
        return answer.Task;
    }

    private Task PublishAsync(SimProcess caller, IReadOnlyList<OutboxRow> rows, Func<IReadOnlyList<OutboxRow>, CancellationToken, Task> publish, CancellationToken cancellationToken)
    {
        TaskCompletionSource done = new();
        void Broken() => done.TrySetException(Unavailable("the relay's connection"));
        if (caller.IsDead)
        {
            Broken();
            return done.Task;
        }
        caller.Died += Broken;
        caller.Run(async () =>
        {
            try
            {
                await publish(rows, cancellationToken);
                world.After(Travel(), () => done.TrySetResult());
            }
            catch (Exception e)
            {
                world.After(Travel(), () => done.TrySetException(e));
            }
        });
        return done.Task;
    }

    private void Arrive<T>(SimProcess caller, string name, Func<Task<T>> transaction, TaskCompletionSource<T> answer)
    {
        if (Refuses())
        {
            Answer(() => answer.TrySetException(Unavailable(name)));
            return;
        }
        if (random.Chance(rates.KilledInCall))
        {
            counts.Add("killed with a request on its way");
            caller.Kill($"killed while it asked for {name}");
        }
        Task<T> done;
        try
        {
            done = transaction();
        }
        catch (Exception e)
        {
            done = Task.FromException<T>(e);
        }
        counts.Add("store transactions");
        if (!done.IsCompleted)
        {
            world.Fail($"The store's {name} waits within its transaction.");
        }
        else if (done.Exception is { } fault)
        {
            Answer(() => answer.TrySetException(fault.InnerExceptions));
        }
        else if (random.Chance(rates.StoreAnswerLost))
        {
            counts.Add("store answer lost");
            world.Log(caller.Name, $"does not hear of {name}");
            Answer(() => answer.TrySetException(Unavailable(name)));
        }
        else
        {
            Answer(() => answer.TrySetResult(done.Result));
        }
    }

    private bool Refuses()
    {
        if (IsUp && !random.Chance(rates.StoreRefuses))
        {
            return false;
        }
        counts.Add(IsUp ? "store call refused" : "store call while it was away");
        return true;
    }

    private void Answer(Action tell) => world.After(IsUp ? Travel() : random.Time(1, 1500), tell);

    private TimeSpan Travel()
    {
        if (random.Chance(rates.Slow))
        {
            counts.Add("slow call");
            return random.Time(500, 6000);
        }
        return random.Time(0.2, 3);
    }

    private static StoreUnavailableException Unavailable(string what) => new($"simulated: {what}");
}
