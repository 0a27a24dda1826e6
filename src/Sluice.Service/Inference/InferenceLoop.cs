using Microsoft.Extensions.Logging;
using Sluice.Batching;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Service.Quotes;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// One model's way from held jobs to its engine: asks the former whenever a job has come or room has become free, and hands what it gives to
/// <see cref="BatchRunner"/>. Two claims are under way at most: while they are, jobs gather for the next batch.
/// </summary>
internal sealed partial class InferenceLoop(
    ServedModel model, FormerOptions formerOptions, BatchRunner runner, HeldJobs held, TimeProvider time, ILogger<InferenceLoop> logger)
{
    private const int MaxClaims = 2;
    private readonly CostEstimate _cost = new();
    private readonly WakeUp _wake = new(time);
    private readonly SteadyTime _steady = new(time);
    private readonly Inflow _inflow = new(time);
    private readonly Arrivals _arrivals = new(time);
    private readonly Lock _lock = new();
    private Former? _former;
    private EngineLedger? _ledger;
    private IEngine? _engine;
    private int _claims;
    private bool _waitsForStep;
    private volatile bool _handsOver;
    private long _lastArrival = time.GetTimestamp();
    private long _handedOver;

    public ServedModel Model => model;

    /// <summary>What this model's jobs cost on its engine.</summary>
    public CostEstimate Costs => _cost;

    /// <summary>Jobs that wait for a batch.</summary>
    public int Waiting => Former.Count;

    private Former Former => LazyInitializer.EnsureInitialized(ref _former, () => new Former(formerOptions, _cost, _steady));

    /// <summary>Lets reserved jobs wait for a batch, all at once: none is handed over before the last has come.</summary>
    public void Add(IReadOnlyCollection<ReservedJob> jobs)
    {
        _inflow.Add(jobs);
        _arrivals.Add(jobs.Count);
        lock (_lock)
        {
            foreach (ReservedJob job in jobs)
            {
                // one that waits here already comes again where a twin has made it more urgent
                if (held.TryAdd(job) || (held.Hurry(job) && Former.Remove(job.Id)))
                {
                    Former.Add(Wait(job));
                }
            }
        }
        Volatile.Write(ref _lastArrival, time.GetTimestamp());
        _wake.Pulse();
    }

    /// <summary>How much waits here, and how fast it goes.</summary>
    public BacklogReport Report() => Former.Report();

    /// <summary>Takes back everything that waits.</summary>
    public IReadOnlyList<WaitingJob> TakeAll() => Former.TakeAll();

    /// <summary>Lets go of those of these jobs that still wait; how many did.</summary>
    public int Drop(IEnumerable<JobId> jobs)
    {
        int dropped = 0;
        lock (_lock)
        {
            foreach (JobId job in jobs)
            {
                if (Former.Remove(job))
                {
                    held.Remove(job);
                    dropped++;
                }
            }
        }
        return dropped;
    }

    /// <summary>Most sequences of the engine; 0 while there is none.</summary>
    public int Sequences => _engine?.Info.MaxSequences ?? 0;

    /// <summary>How many jobs from elsewhere would find an engine with nothing to do: 0 unless the former has been empty for <paramref name="after"/>.</summary>
    public int Idle(TimeSpan after)
    {
        if (_engine is null || Waiting > 0 || time.GetElapsedTime(Volatile.Read(ref _lastArrival)) < after)
        {
            return 0;
        }
        lock (_lock)
        {
            return _ledger!.Room(_engine.Load).FreeSequences;
        }
    }

    /// <summary>
    /// Whether there is something to do that waits for nobody else: sequences in the engine, or jobs that it could begin, which after the end of <see cref="RunAsync"/>
    /// wait for the store to take them back. And a count that grows with all that is done: steps, and batches handed over.
    /// </summary>
    public (bool HasWork, long Done) Progress
    {
        get
        {
            if (_engine is not { } engine)
            {
                return default;
            }
            EngineLoad load = engine.Load;
            bool computes = load.Running + load.Waiting > 0;
            lock (_lock)
            {
                bool idles = _handsOver && Waiting > 0 && _ledger!.Running == 0 && Volatile.Read(ref _claims) == 0;
                return (computes || idles, load.Steps + Interlocked.Read(ref _handedOver));
            }
        }
    }

    /// <summary>Runs until <paramref name="stop"/>; nothing is handed over after that. Ends without an exception.</summary>
    public async Task RunAsync(IEngine engine, CancellationToken stop)
    {
        lock (_lock)
        {
            _ledger = new EngineLedger(engine.Info);
            _engine = engine;
        }
        _handsOver = true;
        try
        {
            await HandOverAsync(engine, stop);
        }
        finally
        {
            _handsOver = false;
        }
    }

    /// <summary>The engine has made a step: its cost model learns, and prompt tokens that held jobs back may be through.</summary>
    public void Stepped(in StepReport step)
    {
        _cost.ObserveStep(step.PrefillTokens, step.DecodeTokens, step.KvTokens, step.Duration, _arrivals.During(step.Duration));
        if (Volatile.Read(ref _waitsForStep))
        {
            _wake.Pulse();
        }
    }

    private async Task HandOverAsync(IEngine engine, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(Step(engine), stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogStep(e, model.Name);
                await Task.Delay(TimeSpan.FromSeconds(1), time, CancellationToken.None);
            }
        }
    }

    /// <summary>Hands over all that the engine can take now. Returns how long nothing will change unless something happens.</summary>
    private TimeSpan Step(IEngine engine)
    {
        while (Volatile.Read(ref _claims) < MaxClaims)
        {
            FormerDecision decision;
            lock (_lock)
            {
                if (_inflow.Left is var left && left > TimeSpan.Zero && _ledger!.Running < formerOptions.StarvingShare * engine.Info.MaxSequences)
                {
                    return left;
                }
                EngineLoad load = engine.Load;
                decision = Former.Next(_ledger!.Room(load));
                if (decision.Batch is { } taken)
                {
                    _ledger.Take(taken, load);
                }
                Volatile.Write(ref _waitsForStep, _ledger.WaitsForSteps && Waiting > 0);
            }
            if (decision.Expired.Count + decision.Impossible.Count > 0)
            {
                runner.End(decision.Expired, decision.Impossible);
            }
            if (decision.Batch is not { } batch)
            {
                return Until(decision.LookAgainAt);
            }
            Interlocked.Increment(ref _claims);
            Interlocked.Increment(ref _handedOver);
            runner.Run(batch, model, engine, Claimed, Ended);
        }
        return Timeout.InfiniteTimeSpan;

        void Claimed()
        {
            if (Interlocked.Decrement(ref _claims) == MaxClaims - 1)
            {
                _wake.Pulse(); // it waits for this one
            }
        }

        void Ended(WaitingJob job, bool suspect, EngineResult? result)
        {
            if (result is not null)
            {
                _cost.Ended(job, result.CachedTokens, result.Tokens.Length, result.Ran);
            }
            lock (_lock)
            {
                _ledger!.Free(job, suspect);
            }
            _wake.Pulse();
        }
    }

    /// <summary>A millisecond at least, so that a time in the past does not spin; a day at most.</summary>
    private TimeSpan Until(DateTimeOffset? at)
    {
        if (at is not { } look)
        {
            return Timeout.InfiniteTimeSpan;
        }
        double milliseconds = Math.Ceiling((look - _steady.GetUtcNow()).TotalMilliseconds);
        return TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 1, TimeSpan.FromDays(1).TotalMilliseconds));
    }

    /// <summary>The store's times as this clock would show them.</summary>
    private WaitingJob Wait(ReservedJob job)
    {
        TimeSpan ahead = _steady.GetUtcNow() - job.ReservedAt;
        return new WaitingJob
        {
            Id = job.Id,
            Tenant = job.Tenant,
            Scope = HashCode.Combine(job.Tenant, job.Namespace),
            Class = job.Class,
            Deadline = job.Deadline + ahead,
            OnLate = job.OnLate,
            PromptTokens = job.PromptTokens,
            MaxNewTokens = job.MaxNewTokens,
            PrefixKey = job.PrefixKey,
            Chain = job.PrefixChain,
            ChainTokens = JobKeys.PageTokens,
            Workload = Workload.Of(job.Tenant, job.Namespace, job.Kind, job.MaxNewTokens),
            CreatedAt = job.CreatedAt + ahead,
            Suspicions = job.Suspicions,
        };
    }

    [LoggerMessage(4001, LogLevel.Error, "A step of {Model}'s loop failed; it goes on in a second")]
    private partial void LogStep(Exception exception, string model);
}
