using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Service.Telemetry;

namespace Sluice.Service.Inference;

/// <summary>Ends this process at once, as a crash would, and says why.</summary>
internal delegate void EndProcess(string why);

/// <summary>
/// Sees what a heartbeat cannot: a worker that lives and gets nothing done, because its engine has work and makes no step, or jobs wait for an engine that has
/// none. Half of <see cref="WorkerOptions.StallTimeout"/> makes the worker unhealthy; all of it ends the process, so that what it ran is suspected and runs
/// elsewhere. A store that is away is no stall: what waits for its answer is not the engine's to do.
/// </summary>
internal sealed partial class Watchdog(InferenceLoops loops, EndProcess end, SluiceMetrics metrics, IOptions<WorkerOptions> options, TimeProvider time, ILogger<Watchdog> logger)
{
    internal const int LooksPerLimit = 10;
    private readonly TimeSpan _limit = options.Value.StallTimeout;
    private readonly Dictionary<InferenceLoop, Sight> _seen = [];
    private volatile string? _slow;

    /// <summary>What gets nothing done for half of the limit or longer; null where all is well.</summary>
    public string? Slow => _slow;

    /// <summary>Looks until <paramref name="stop"/>. Ends without an exception.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using PeriodicTimer timer = new(_limit / LooksPerLimit, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                Look();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // told to stop
        }
    }

    /// <summary>One of the <see cref="LooksPerLimit"/> looks within the limit.</summary>
    internal void Look()
    {
        string? slow = null;
        foreach (InferenceLoop loop in loops.All)
        {
            (bool hasWork, long done) = loop.Progress;
            if (!hasWork || !_seen.TryGetValue(loop, out Sight last) || last.Done != done)
            {
                _seen[loop] = new Sight(done, 0);
                continue;
            }
            // looks, not a clock: a process that was stopped and goes on has not looked meanwhile
            int looks = last.Looks + 1;
            _seen[loop] = new Sight(done, looks);
            if (looks < LooksPerLimit / 2)
            {
                continue;
            }
            TimeSpan still = looks * _limit / LooksPerLimit;
            slow = $"Model {loop.Model.Name} has work and has made no progress for {still.TotalSeconds:0} s.";
            if (looks >= LooksPerLimit)
            {
                metrics.Stalled(loop.Model.Name);
                LogStalled(loop.Model.Name, still);
                end($"Worker:StallTimeout: {slow}");
            }
            else if (_slow is null)
            {
                LogSlow(loop.Model.Name, still, _limit);
            }
        }
        _slow = slow;
    }

    private readonly record struct Sight(long Done, int Looks);

    [LoggerMessage(4130, LogLevel.Warning, "{Model} has work and has made no progress for {Still}; at {Limit} the process ends itself")]
    private partial void LogSlow(string model, TimeSpan still, TimeSpan limit);

    [LoggerMessage(4131, LogLevel.Critical, "{Model} has work and has made no progress for {Still}: the process ends itself, and what it runs goes back to the queue")]
    private partial void LogStalled(string model, TimeSpan still);
}
