using Sluice.Engine.Planning;
using Sluice.Engine.Tokens;

namespace Sluice.Engine;

/// <summary>The loop of the thread that owns the step.</summary>
public sealed partial class ModelEngine
{
    // Between steps only.
    private readonly List<Sequence> _arrived = [];
    private readonly List<Sequence> _cancelled = [];
    private readonly List<Sequence> _finished = []; // out of the planner, not told yet
    private volatile Exception? _broken;

    private void Step()
    {
        long start = _options.Clock.GetTimestamp();
        long accepted = _reader.AcceptedTokens;
        _speculator?.Guess(_planner.Running, _planner.Waiting > 0);
        Step step = _planner.Next();
        Begin(step, start);
        PublishLeft();
        _model.Run(step);
        _planner.Commit();
        _reader.Read(step, _finished);
        RetireFinished();
        long end = _options.Clock.GetTimestamp(); // one reading for both: to ask a clock takes time, too
        _speculator?.Observe(step, end - start);
        Observe(step, _options.Clock.GetElapsedTime(start, end), (int)(_reader.AcceptedTokens - accepted));
    }

    private void RunSteps()
    {
        try
        {
            while (_handover.Collect(_arrived, _cancelled, _planner.Idle))
            {
                TakeIn();
                if (!_planner.Idle)
                    StepOrFail();
                Tell();
            }
        }
        catch (Exception bug)
        {
            LogBroken(_logger, bug);
            _broken = Sequence.FaultOf(bug);
        }

        Stop();
    }

    private void StepOrFail()
    {
        try
        {
            Step();
        }
        catch (Exception fault)
        {
            LogFault(_logger, fault, _planner.Running.Count);
            FailRunning(fault);
        }
    }

    private void TakeIn()
    {
        foreach (Sequence sequence in _arrived)
        {
            if (sequence.CancelledEarly)
                Settle(sequence);
            else
                _planner.Add(sequence);
        }

        _arrived.Clear();
        foreach (Sequence sequence in _cancelled)
        {
            if (sequence.Settled)
                continue;
            if (sequence.Arrival < 0)
            {
                sequence.CancelledEarly = true;
                continue;
            }

            _planner.Retire(sequence, keep: true);
            Settle(sequence);
        }

        _cancelled.Clear();
    }

    private void Begin(Step step, long now)
    {
        if (step.Plan.Rows == 0)
            throw new InvalidOperationException($"No step could be planned for {_planner.Running.Count} running and {_planner.Waiting} waiting sequences.");
        foreach (Lane lane in step.Lanes)
        {
            if (lane.Owner.Steps == 1)
                lane.Owner.FirstStepAt = now;
        }
    }

    private void RetireFinished()
    {
        foreach (Sequence sequence in _finished)
        {
            if (sequence.Settled)
                continue;
            _planner.Retire(sequence, keep: sequence.Failure is null);
            try
            {
                if (sequence.Failure is null)
                    sequence.Result = Result(sequence);
            }
            catch (Exception failure)
            {
                sequence.Failure = failure;
            }

            sequence.Settled = true;
        }
    }

    // After a fault of the step itself nothing that it wrote is trusted. Where nothing ran, planning failed, and would fail again.
    private void FailRunning(Exception fault)
    {
        bool none = _planner.Running.Count == 0;
        foreach (Sequence sequence in _finished)
        {
            if (sequence.Settled)
                continue;
            sequence.Failure ??= fault;
            sequence.Settled = true;
            if (sequence.Running)
                _planner.Retire(sequence, keep: false);
        }

        while ((_planner.Running.Count > 0 ? _planner.Running[^1] : none ? _planner.FirstWaiting : null) is { } sequence)
        {
            sequence.Failure = fault;
            _planner.Retire(sequence, keep: false);
            Settle(sequence);
        }
    }

    private void Settle(Sequence sequence)
    {
        sequence.Settled = true;
        _finished.Add(sequence);
    }

    // Counters first: who hears of its end sees it in them.
    private void Tell()
    {
        _gone += _finished.Count;
        Publish();
        foreach (Sequence sequence in _finished)
            sequence.Complete();
        _finished.Clear();
    }

    private void Stop()
    {
        _handover.Close();
        _handover.Collect(_arrived, _cancelled, sleep: false);
        foreach (Sequence sequence in _arrived)
            Settle(sequence);
        while ((_planner.Running.Count > 0 ? _planner.Running[^1] : _planner.FirstWaiting) is { } sequence)
        {
            if (_broken is null)
                _planner.Retire(sequence, keep: true);
            else
                _planner.Forget(sequence);
            Settle(sequence);
        }

        foreach (Sequence sequence in _finished)
            sequence.Failure ??= sequence.Result is null ? _broken : null;
        Tell();
        _stopped.SetResult();
    }

    private EngineResult Result(Sequence sequence)
    {
        long now = _options.Clock.GetTimestamp();
        int[] tokens = sequence.Trunk.Tokens.AsSpan(sequence.PromptLength, sequence.Trunk.Length - sequence.PromptLength).ToArray();
        return new EngineResult
        {
            Tokens = tokens,
            Text = sequence.Stop?.Finish() ?? Text(tokens),
            FinishReason = sequence.FinishReason,
            Logprobs = sequence.Logprobs ?? [],
            ChoiceLogprobs = sequence.ChoiceSums,
            Embedding = sequence.Mean?.Unit() ?? [],
            CachedTokens = sequence.CachedTokens,
            DraftedTokens = sequence.DraftedTokens,
            AcceptedTokens = sequence.AcceptedTokens,
            Steps = sequence.Steps,
            Waited = _options.Clock.GetElapsedTime(sequence.HandedOverAt, sequence.FirstStepAt),
            Ran = _options.Clock.GetElapsedTime(sequence.FirstStepAt, now),
        };
    }

    private string Text(int[] tokens)
    {
        if (_tokenizer is null || tokens.Length == 0)
            return "";
        TokenStream stream = _tokenizer.Stream(continues: true);
        System.Text.StringBuilder text = new();
        foreach (int id in tokens)
            text.Append(stream.Push(id));
        return text.Append(stream.Flush()).ToString();
    }
}
