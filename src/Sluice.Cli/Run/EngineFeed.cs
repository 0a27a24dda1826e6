using System.Threading.Channels;
using Sluice.Batching;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Inference;

namespace Sluice.Cli.Run;

/// <summary>
/// Lines through former and engine, at most a window of them at a time. A line that a fault of the engine met runs once more, as a suspect; after a second
/// one it is an error line, and after <see cref="MostFaultsInARow"/> without a success between them the run breaks off.
/// </summary>
internal sealed class EngineFeed(IEngine engine, int window, LineAnswerer answerer, RunTotals totals, TimeProvider time) : IDisposable
{
    public const int MostFaultsInARow = 256;

    private readonly CostEstimate _cost = new();
    private readonly WakeUp _wake = new(time);
    private readonly SemaphoreSlim _room = new(window, window);
    private readonly Lock _lock = new();
    private readonly EngineLedger _ledger = new(engine.Info);
    private readonly Dictionary<JobId, NumberedLine> _open = []; // under _lock
    private readonly List<Task> _ends = [];
    private Former? _former;
    private volatile Exception? _broken;
    private bool _complete;
    private bool _waitsForStep;
    private int _faults;

    private Former Former => LazyInitializer.EnsureInitialized(ref _former, () => new Former(new FormerOptions(), _cost, time));

    /// <summary>Takes a line in; waits while the window is full.</summary>
    public async ValueTask AddAsync(NumberedLine line, CancellationToken cancellationToken)
    {
        await _room.WaitAsync(cancellationToken);
        WaitingJob job = line.Wait(time);
        lock (_lock) _open.Add(job.Id, line);
        Former.Add(job);
        _wake.Pulse();
    }

    /// <summary>No line comes any more: <see cref="RunAsync"/> returns when those that came have ended.</summary>
    public void Complete()
    {
        Volatile.Write(ref _complete, true);
        _wake.Pulse();
    }

    /// <summary>The engine has made a step: prompt tokens that held lines back may be through.</summary>
    public void Stepped()
    {
        if (Volatile.Read(ref _waitsForStep)) _wake.Pulse();
    }

    /// <summary>Feeds the engine until all lines have ended. When cancelled, what runs is given up and has no output line.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                TimeSpan wait = Step(cancellationToken);
                if (_broken is { } fault) throw new CommandFailedException(ExitCode.Failed, $"the engine failed {MostFaultsInARow} times in a row, last with: {fault.Message}", fault);
                if (Volatile.Read(ref _complete) && IsEmpty()) break;
                await _wake.WaitAsync(wait, cancellationToken);
            }
        }
        finally
        {
            await Task.WhenAll(_ends);
        }
    }

    public void Dispose()
    {
        _room.Dispose();
    }

    private bool IsEmpty()
    {
        lock (_lock) return _open.Count == 0;
    }

    private TimeSpan Step(CancellationToken cancellationToken)
    {
        while (true)
        {
            FormerDecision decision;
            lock (_lock)
            {
                EngineLoad load = engine.Load;
                decision = Former.Next(_ledger.Room(load));
                if (decision.Batch is { } taken) _ledger.Take(taken, load);
                Volatile.Write(ref _waitsForStep, _ledger.WaitsForSteps && Former.Count > 0);
            }
            _ends.RemoveAll(end => end.IsCompletedSuccessfully);
            foreach (LeavingJob job in decision.Impossible) _ends.Add(RefuseAsync(job));
            if (decision.Batch is not { } batch)
                return decision.LookAgainAt is { } at ? TimeSpan.FromMilliseconds(Math.Clamp((at - time.GetUtcNow()).TotalMilliseconds, 1, 1000)) : Timeout.InfiniteTimeSpan;
            totals.AddBatch(batch.Reason);
            foreach (WaitingJob job in batch.Jobs) _ends.Add(RunOneAsync(job, batch.Suspects, cancellationToken));
        }
    }

    private async Task RunOneAsync(WaitingJob job, bool suspect, CancellationToken cancellationToken)
    {
        NumberedLine line;
        lock (_lock) line = _open[job.Id];
        OutputLine? output = null;
        bool again = false;
        try
        {
            EngineResult result = await engine.RunAsync(line.Prepared.Request, cancellationToken);
            Interlocked.Exchange(ref _faults, 0);
            _cost.Observe(job.PromptTokens - result.CachedTokens, result.Tokens.Length, result.Ran);
            output = answerer.Success(line, result);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // given up: a resume runs it
        }
        catch (ArgumentException refusal)
        {
            output = answerer.Failure(line, "invalid", refusal.Message);
        }
        catch (Exception fault)
        {
            if (Interlocked.Increment(ref _faults) >= MostFaultsInARow) _broken = fault;
            else if (job.Suspicions == 0) again = true;
            else output = answerer.Failure(line, "engine_fault", fault.Message);
        }
        lock (_lock) _ledger.Free(job, suspect);
        if (again) Former.Add(job with { Suspicions = 1 });
        else await EndAsync(job, output);
        _wake.Pulse();
    }

    private async Task RefuseAsync(LeavingJob job)
    {
        NumberedLine line;
        lock (_lock) line = _open[job.Job.Id];
        await EndAsync(job.Job, answerer.Failure(line, "too_long", $"The engine can never hold this line: {job.Why}."));
        _wake.Pulse();
    }

    private async Task EndAsync(WaitingJob job, OutputLine? output)
    {
        try
        {
            if (output is not null) await answerer.Output.AddAsync(output, CancellationToken.None);
        }
        catch (ChannelClosedException)
        {
            // the writer has failed, and says so itself; the line is not done
        }
        lock (_lock) _open.Remove(job.Id);
        _room.Release();
    }
}
