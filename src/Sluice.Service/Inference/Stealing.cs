using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Queue;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// Takes prefix groups of jobs from the most laden worker for engines that have nothing to do, or those that another worker's shards keep too long, because it
/// has ended or is full. Where no other worker consumes shards, tickets that lie for long are taken for lost, or for sent to shards that nobody consumes: an API
/// that divides by another number. Looks ever more rarely while there is nothing to be had, and soon again after this worker had work of its own.
/// </summary>
internal sealed partial class Stealing(
    IJobStore store, Incarnation incarnation, InferenceLoops loops, HeldJobs held, ForeignShards foreign, IOptions<WorkerOptions> options, TimeProvider time, ILogger<Stealing> logger)
{
    private readonly WorkerOptions _options = options.Value;

    /// <summary>Looks until <paramref name="stop"/>. Ends without an exception.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        TimeSpan pause = _options.StealAfter;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(pause, time, stop);
                string[] idle = [.. loops.All.Where(loop => loop.Idle(_options.StealAfter) > 0).Select(loop => loop.Model.Name)];
                if (idle.Length == 0 || !incarnation.IsRegistered)
                {
                    pause = _options.StealAfter;
                    continue;
                }
                int stolen = await StealAsync(idle);
                pause = stolen > 0 ? _options.StealAfter : TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, _options.StealBackoff.Ticks));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogFailed(e.Message);
                pause = _options.StealBackoff;
            }
        }
    }

    private async Task<int> StealAsync(string[] models)
    {
        (Guid worker, CancellationToken dead) = incarnation.Current;
        int room = Math.Min(_options.StealMax, held.Room(JobClass.Bulk));
        if (room == 0)
        {
            return 0;
        }
        IReadOnlyList<ReservedJob> jobs = await store.StealAsync(worker, models, room, foreign.Exist ? _options.ForsakenAfter : _options.TicketTimeout / 2, CancellationToken.None);
        if (jobs.Count > 0 && !dead.IsCancellationRequested)
        {
            await loops.AddAsync(worker, jobs);
            LogStole(jobs.Count);
        }
        return jobs.Count;
    }

    [LoggerMessage(4080, LogLevel.Information, "Took {Jobs} jobs over from a worker with many")]
    private partial void LogStole(int jobs);

    [LoggerMessage(4081, LogLevel.Debug, "Could not look for jobs of other workers: {Reason}")]
    private partial void LogFailed(string reason);
}
