using System.Threading.Channels;
using Sluice.Engine.Sequences;

namespace Sluice.Engine;

/// <summary>
/// An engine without a model: takes all that was handed over, up to its limit of sequences, waits, and answers each from a hash of its prompt alone. For
/// benches of everything around an engine, and for faults.
/// </summary>
public sealed class StubEngine : IEngine
{
    private readonly StubOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    // Unbounded: what a caller may hand over is limited before it comes here. One reader, the loop.
    private readonly Channel<StubTicket> _waiting = Channel.CreateUnbounded<StubTicket>(new UnboundedChannelOptions { SingleReader = true });

    private long _handedOver;
    private long _ended;
    private long _steps;
    private long _promptTokens;
    private long _generatedTokens;
    private int _running;
    private int _hanging;

    public StubEngine(StubOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxSequences, 1);
        _options = options;
        Info = new EngineInfo(
            options.Name, "0000000000000000", "stub", options.ContextLength, options.HiddenSize, options.MaxSequences, options.MaxStepTokens,
            StepPlan.PageTokens, Math.Max(1, options.ContextLength / StepPlan.PageTokens) * options.MaxSequences);
        _loop = Task.Factory.StartNew(() => RunBatchesAsync(_stop.Token), CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current).Unwrap();
    }

    public EngineInfo Info { get; }

    public EngineLoad Load
    {
        get
        {
            int running = Volatile.Read(ref _running) + Volatile.Read(ref _hanging);
            long waiting = Volatile.Read(ref _handedOver) - Volatile.Read(ref _ended) - running;
            long prompts = Volatile.Read(ref _promptTokens);
            int pages = Info.TotalPages - (running * (Info.TotalPages / Info.MaxSequences));
            return new EngineLoad(
                running, (int)Math.Max(0, waiting), pages, Volatile.Read(ref _steps), prompts, prompts, Volatile.Read(ref _generatedTokens), 0);
        }
    }

    public Task<EngineResult> RunAsync(EngineRequest request, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<EngineResult>(cancellationToken);
        try
        {
            RequestCheck.Check(request, Info, int.MaxValue, readsText: true);
        }
        catch (ArgumentException refusal)
        {
            return Task.FromException<EngineResult>(refusal);
        }

        StubTicket ticket = new(request, _options.Clock.GetTimestamp(), cancellationToken);
        Interlocked.Increment(ref _handedOver);
        if (!_waiting.Writer.TryWrite(ticket))
        {
            Interlocked.Decrement(ref _handedOver);
            return Task.FromException<EngineResult>(new ObjectDisposedException(nameof(StubEngine)));
        }

        ticket.CancelWith(cancelled => End(cancelled, cancelled.Cancel));
        return ticket.Task;
    }

    public async ValueTask DisposeAsync()
    {
        bool first = _waiting.Writer.TryComplete();
        if (first)
            await _stop.CancelAsync();
        await _loop;
        while (_waiting.Reader.TryRead(out StubTicket? ticket))
            End(ticket, ticket.Cancel);
        if (first)
            _stop.Dispose();
    }

    private async Task RunBatchesAsync(CancellationToken stopping)
    {
        List<StubTicket> batch = new(_options.MaxSequences);
        try
        {
            while (await _waiting.Reader.WaitToReadAsync(stopping))
            {
                int places = _options.MaxSequences - Volatile.Read(ref _hanging);
                while (batch.Count < places && _waiting.Reader.TryRead(out StubTicket? ticket))
                    batch.Add(ticket);
                Volatile.Write(ref _running, batch.Count);
                foreach (StubTicket ticket in batch)
                    ticket.StartedAt = _options.Clock.GetTimestamp();
                await Task.Delay(_options.BatchTime, _options.Clock, stopping);
                Answer(batch, stopping);
                batch.Clear();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            foreach (StubTicket ticket in batch)
                End(ticket, ticket.Cancel);
        }

        Volatile.Write(ref _running, 0);
    }

    private void Answer(List<StubTicket> batch, CancellationToken stopping)
    {
        if (batch.Count == 0)
            return; // every place is taken by one that hangs
        Interlocked.Increment(ref _steps);
        StubFault[] faults = [.. batch.Select(ticket => _options.Fault(ticket.Request))];
        bool crash = faults.Contains(StubFault.Crash);
        for (int i = 0; i < faults.Length; i++)
        {
            StubTicket ticket = batch[i];
            Volatile.Write(ref _running, faults.Length - i - 1);
            Interlocked.Add(ref _promptTokens, ticket.Request.Prompt.Length);
            if (crash)
                End(ticket, () => ticket.Fail("The stub's step crashed, as asked for."));
            else if (faults[i] == StubFault.Throw)
                End(ticket, () => ticket.Fail("The stub failed this sequence, as asked for."));
            else if (faults[i] == StubFault.Hang)
                _ = HangAsync(ticket, stopping);
            else
                Finish(ticket);
        }
    }

    private void Finish(StubTicket ticket)
    {
        EngineResult result = StubAnswers.To(ticket.Request, Info) with
        {
            Steps = 1,
            Waited = _options.Clock.GetElapsedTime(ticket.HandedOverAt, ticket.StartedAt),
            Ran = _options.Clock.GetElapsedTime(ticket.StartedAt),
        };
        Interlocked.Add(ref _generatedTokens, result.Tokens.Length);
        End(ticket, () => ticket.SetResult(result));
    }

    private async Task HangAsync(StubTicket ticket, CancellationToken stopping)
    {
        Interlocked.Increment(ref _hanging);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(ticket.CancellationToken, stopping);
        await Task.Delay(Timeout.InfiniteTimeSpan, _options.Clock, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Interlocked.Decrement(ref _hanging);
        End(ticket, ticket.Cancel);
    }

    // Counters first: who hears of its end sees it in them.
    private void End(StubTicket ticket, Action tell)
    {
        if (!ticket.TryEnd())
            return;
        Interlocked.Increment(ref _ended);
        tell();
    }
}
