using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// Takes up what had begun elsewhere: jobs of workers that have died, were released by a drain, or are to be tried again. They have waited for their turn once, so
/// they are looked for in the store itself, past the outbox, the broker and the backlog; no more of them than half of an engine's sequences are held at a time, so
/// that several workers share what one had.
/// </summary>
internal sealed partial class Resuming(
    IJobStore store, Incarnation incarnation, InferenceLoops loops, HeldJobs held, IOptions<WorkerOptions> options, TimeProvider time, ILogger<Resuming> logger)
{
    /// <summary>Looks until <paramref name="stop"/>. Ends without an exception.</summary>
    public Task RunAsync(CancellationToken stop) =>
        Rounds.RunAsync(options.Value.ResumeInterval, atOnce: false, _ => LookAsync(), failure => LogFailed(failure.Message), time, stop);

    private async Task LookAsync()
    {
        (Guid worker, CancellationToken dead) = incarnation.Current;
        InferenceLoop[] ready = [.. loops.All.Where(loop => loop.Sequences > 0)];
        int room = ready.Sum(loop => Math.Max(1, loop.Sequences / 2)) - held.Suspects;
        if (room <= 0 || !incarnation.IsRegistered)
        {
            return;
        }
        // not cancelled by a drain: what the store gives away has to be known here, to be let go of again
        IReadOnlyList<ReservedJob> jobs = await store.ResumeAsync(worker, [.. ready.Select(loop => loop.Model.Name)], room, CancellationToken.None);
        if (jobs.Count > 0 && !dead.IsCancellationRequested)
        {
            await loops.AddAsync(worker, jobs);
            LogResumed(jobs.Count);
        }
    }

    [LoggerMessage(4140, LogLevel.Information, "Took up {Jobs} jobs that had begun elsewhere")]
    private partial void LogResumed(int jobs);

    [LoggerMessage(4141, LogLevel.Debug, "Could not look for jobs that had begun elsewhere: {Reason}")]
    private partial void LogFailed(string reason);
}
