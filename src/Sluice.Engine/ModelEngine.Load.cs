using Microsoft.Extensions.Logging;
using Sluice.Engine.Planning;

namespace Sluice.Engine;

/// <summary>What others may see of the loop.</summary>
public sealed partial class ModelEngine
{
    private long _handedOver; // by any thread
    private long _gone; // by the loop, told by Publish

    // Written between steps by the loop, each read by itself: no reader ever holds it up.
    private long _toldGone;
    private int _running;
    private int _freePages;
    private long _steps;
    private long _promptTokens;
    private long _computedTokens;
    private long _generatedTokens;
    private long _preemptions;
    private long _drafted;
    private long _accepted;
    private int _sharedPages;
    private int _prefillLeft;
    private int _interactiveLeft;

    EngineLoad IEngine.Load
    {
        get
        {
            int running = Volatile.Read(ref _running);
            long here = Volatile.Read(ref _handedOver) - Volatile.Read(ref _toldGone);
            return new EngineLoad(
                running, (int)Math.Max(0, here - running), Volatile.Read(ref _freePages), Volatile.Read(ref _steps), Volatile.Read(ref _promptTokens),
                Volatile.Read(ref _computedTokens), Volatile.Read(ref _generatedTokens), Volatile.Read(ref _preemptions))
            {
                DraftedTokens = Volatile.Read(ref _drafted),
                AcceptedTokens = Volatile.Read(ref _accepted),
                SharedPages = Volatile.Read(ref _sharedPages),
                PrefillLeft = Volatile.Read(ref _prefillLeft),
                InteractivePrefillLeft = Volatile.Read(ref _interactiveLeft),
            };
        }
    }

    private void Publish()
    {
        Volatile.Write(ref _running, _planner.Running.Count);
        Volatile.Write(ref _toldGone, _gone);
        Volatile.Write(ref _freePages, _cache.Available);
        Volatile.Write(ref _promptTokens, _planner.PromptTokens);
        Volatile.Write(ref _computedTokens, _planner.ComputedTokens);
        Volatile.Write(ref _generatedTokens, _reader.GeneratedTokens);
        Volatile.Write(ref _preemptions, _planner.Preemptions);
        Volatile.Write(ref _drafted, _reader.DraftedTokens);
        Volatile.Write(ref _accepted, _reader.AcceptedTokens);
        PublishLeft();
    }

    /// <summary>Also when a step is planned: what it takes is no more in the way of who comes.</summary>
    private void PublishLeft()
    {
        PrefillLeft left = _planner.PrefillLeft;
        Volatile.Write(ref _prefillLeft, left.All);
        Volatile.Write(ref _interactiveLeft, left.Interactive);
        Volatile.Write(ref _sharedPages, _planner.SharedPages);
    }

    private void Observe(Step step, TimeSpan duration, int accepted)
    {
        Volatile.Write(ref _steps, _steps + 1);
        if (_options.StepObserver is not { } observer)
            return;
        try
        {
            observer(new StepReport(
                step.PrefillTokens, step.DecodeTokens, step.KvTokens, step.Plan.Segments, duration)
            {
                DraftedTokens = step.DraftedTokens,
                AcceptedTokens = accepted,
            });
        }
        catch (Exception error)
        {
            LogObserver(_logger, error);
        }
    }

    [LoggerMessage(5100, LogLevel.Error, "A step failed; its {Running} running sequences fail with it, the engine goes on")]
    private static partial void LogFault(ILogger logger, Exception fault, int running);

    [LoggerMessage(5101, LogLevel.Critical, "The step loop stopped on a fault of its own; everything handed over fails")]
    private static partial void LogBroken(ILogger logger, Exception bug);

    [LoggerMessage(5103, LogLevel.Warning, "This host does not let memory be made executable ({Refusal}): kernels written with intrinsics run instead, at about half the speed")]
    private static partial void LogRefusal(ILogger logger, string refusal);

    [LoggerMessage(5102, LogLevel.Error, "The step observer failed")]
    private static partial void LogObserver(ILogger logger, Exception error);
}
