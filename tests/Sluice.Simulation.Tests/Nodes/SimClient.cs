using Sluice.Jobs;
using Sluice.Jobs.Messages;
using Sluice.Service.Access;
using Sluice.Service.Intake;
using Sluice.Service.Queue;
using Sluice.Simulation.Tests.Clockwork;
using Sluice.Store;

namespace Sluice.Simulation.Tests.Nodes;

/// <summary>The callers: they keep what they were promised, and ask again with the same key where they were told nothing.</summary>
internal sealed class SimClient(SimCluster cluster, IReadOnlyList<PlannedJob> plan, SimRandom random)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly SimProcess _self = new(cluster.World, "client", 2, TimeSpan.Zero);
    private readonly Dictionary<SimMessageKey, PlannedJob> _overBus = [];

    /// <summary>Callers that still wait for an answer, a moment to cancel or to try again.</summary>
    public int Busy { get; private set; }

    /// <summary>New jobs made of finished ones, by the id of the new one.</summary>
    public List<(PlannedJob Of, JobId Retry)> Retries { get; } = [];

    public void Start()
    {
        foreach (PlannedJob job in plan)
        {
            Busy++;
            cluster.World.After(job.At, () => _self.Run(async () =>
            {
                await LiveAsync(job);
                Busy--;
            }));
        }
    }

    /// <summary>The wiped broker held these: their promise went with it.</summary>
    public void Excuse(IReadOnlyList<object> lost)
    {
        foreach (SubmitMessage message in lost.OfType<SubmitMessage>())
        {
            _overBus[new SimMessageKey(message.Body.IdempotencyKey!)].IsExcused = true;
        }
    }

    private async Task LiveAsync(PlannedJob job)
    {
        if (job.OverBus)
        {
            await PublishAsync(job);
        }
        else
        {
            await SubmitAsync(job);
        }
        if (job.CancelAfter is { } pause && job.Id is not null)
        {
            await Task.Delay(pause, _self.Time);
            await CancelAsync(job);
        }
        if (job.RetryWhenEnded && job.Id is not null)
        {
            await RetryAsync(job);
        }
    }

    private async Task SubmitAsync(PlannedJob job)
    {
        while (true)
        {
            IntakeResult? result = await TryAsync<IntakeResult>(async api => await api.Get<JobIntake>().SubmitAsync(
                new Caller(job.Tenant, KeyScopes.All), job.Request, new SubmitOptions { IdempotencyKey = job.Key }, CancellationToken.None));
            if (result is IntakeResult.Accepted accepted)
            {
                Check(job.Id is null || job.Id == accepted.Job.Id, $"the key {job.Key} names two jobs");
                (job.IsAccepted, job.Id) = (true, accepted.Job.Id);
                return;
            }
            Check(result is null, $"job {job.Number} was refused: {result}");
            if (job.Key is null)
            {
                return; // nothing is known, and nothing promised
            }
            await Task.Delay(random.Time(100, 2000), _self.Time);
        }
    }

    private async Task PublishAsync(PlannedJob job)
    {
        SubmitMessage message = new(new SubmitJob { IdempotencyKey = job.Key, Job = job.Request }, []);
        _overBus[new SimMessageKey(job.Key!)] = job;
        while (true)
        {
            using CancellationTokenSource limit = new(s_patience, _self.Time);
            try
            {
                await cluster.Broker.PublishAsync(_self, Doubles.Submit, message, limit.Token);
                job.IsAccepted = true;
                return;
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                await Task.Delay(random.Time(100, 2000), _self.Time);
            }
        }
    }

    private async Task CancelAsync(PlannedJob job)
    {
        string stranger = SimPlan.Tenants.First(tenant => tenant != job.Tenant);
        for (int i = 0; i < 3; i++)
        {
            Answered<CancelResult?>? strange = await TryAsync(async api => new Answered<CancelResult?>(await api.Get<IJobStore>().CancelAsync(stranger, job.Id!.Value, CancellationToken.None)));
            Check(strange?.Value is null, $"{stranger} could cancel {job.Id} of {job.Tenant}");
            Answered<CancelResult?>? own = await TryAsync(async api => new Answered<CancelResult?>(await api.Get<IJobStore>().CancelAsync(job.Tenant, job.Id!.Value, CancellationToken.None)));
            if (own is not null)
            {
                Check(own.Value is not null, $"{job.Id} is not there to be cancelled");
                job.IsCancelled = own.Value?.Cancelled == true;
                cluster.Counts.Add(job.IsCancelled ? "cancelled" : "cancel too late");
                return;
            }
        }
    }

    /// <summary>As the route does: only a finished job, a new id, the same request.</summary>
    private async Task RetryAsync(PlannedJob job)
    {
        for (int i = 0; i < 60; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(3), _self.Time);
            IntakeResult? result = await TryAsync(async api =>
            {
                IJobStore store = api.Get<IJobStore>();
                JobRecord? ended = await store.GetAsync(job.Tenant, job.Id!.Value, CancellationToken.None);
                if (ended?.State.IsTerminal() != true || await store.GetInputAsync(job.Tenant, job.Id.Value, CancellationToken.None) is not { } input)
                {
                    return null;
                }
                return await api.Get<JobIntake>().SubmitAsync(
                    new Caller(job.Tenant, KeyScopes.All), input.Request, new SubmitOptions { IdempotencyKey = $"retry-{job.Number}", RetryOf = job.Id }, CancellationToken.None);
            });
            if (result is IntakeResult.Accepted accepted)
            {
                cluster.Counts.Add("retry");
                Retries.Add((job, accepted.Job.Id));
                return;
            }
        }
    }

    /// <summary>One call to any API; null where nothing is known of it: the process died, the store did not answer, or it took too long.</summary>
    private async Task<T?> TryAsync<T>(Func<SimNode, Task<T?>> call)
        where T : class
    {
        SimNode api = random.Pick(cluster.Apis.ToList());
        if (api.IsDead)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), _self.Time);
            return null;
        }
        TaskCompletionSource<T?> answer = new();
        api.Died += () => answer.TrySetResult(null);
        cluster.World.After(random.Time(0.1, 2), () => api.Run(async () =>
        {
            try
            {
                T? result = await call(api);
                cluster.World.After(random.Time(0.1, 2), () => answer.TrySetResult(result));
            }
            catch (StoreUnavailableException)
            {
                answer.TrySetResult(null);
            }
        }));
        try
        {
            return await answer.Task.WaitAsync(s_patience, _self.Time);
        }
        catch (TimeoutException)
        {
            cluster.Counts.Add("caller gave up waiting");
            return null;
        }
    }

    private void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            cluster.World.Fail(otherwise);
        }
    }

    private sealed record Answered<T>(T Value);

    private readonly record struct SimMessageKey(string Key);
}
