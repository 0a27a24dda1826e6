using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Service.Intake;
using Sluice.Service.Telemetry;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>
/// Feeds staged lines into jobs, and notices ends. Any number of nodes may: a submission has one feeder at a time, and what a dead one left is another's
/// when its lease ends. A line is a job exactly once whatever dies in between, for its job's id is its own and how far a submission is fed moves with the jobs.
/// A line of a model that only others know is left to them.
/// </summary>
internal sealed partial class SubmissionFeeder(
    ISubmissionStore store, FedJobs fed, QueueBounds bounds, OutboxSignal outbox, SubmissionSignal signal, SluiceMetrics metrics, IOptions<SubmissionOptions> options, TimeProvider time,
    ILogger<SubmissionFeeder> logger) : BackgroundService
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    /// <summary>A line that nobody has fed for this long, though workers serve its model, is an error row: all later ones wait behind it.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(15);
    private readonly SubmissionOptions _options = options.Value;
    private readonly Guid _me = Guid.NewGuid();

    /// <summary>Submissions whose next line is another node's. The feeding loop's own.</summary>
    private readonly Dictionary<Guid, LeftLine> _left = [];
    private volatile bool _open;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(LoopAsync(FeedAsync, stoppingToken), LoopAsync(TendAsync, stoppingToken));

    private async Task LoopAsync(Func<CancellationToken, Task> round, CancellationToken stoppingToken)
    {
        await Task.Yield();
        bool failed = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await round(stoppingToken);
                failed = false;
            }
            catch (Exception e)
            {
                if (stoppingToken.IsCancellationRequested)
                {
                    return; // what is half done is not stored; the next node feeds it again
                }
                if (!failed)
                {
                    LogFailed(e.Message);
                }
                failed = true;
                await Task.Delay(s_pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task FeedAsync(CancellationToken cancellationToken)
    {
        foreach (Guid id in _left.Where(left => time.GetElapsedTime(left.Value.Last) >= s_longest).Select(left => left.Key).ToList())
        {
            _left.Remove(id); // it was not to be had again
        }
        FeedRequest request = new()
        {
            Feeder = _me,
            MaxLines = _options.FeedLines,
            MaxLive = _options.LivePerSubmission,
            Lease = _options.FeederLease,
            FullTenants = bounds.FullTenants,
            Left = [.. _left.Where(left => time.GetElapsedTime(left.Value.Last) < _options.LookEvery).Select(left => left.Key)],
        };
        if (bounds.IsFull || await store.TakeAsync(request, cancellationToken) is not { } work)
        {
            await signal.WaitAsync(_open ? _options.TendEvery / 4 : _options.LookEvery, cancellationToken);
            return;
        }
        bool waited = _left.TryGetValue(work.Submission.Id, out LeftLine before) && before.Line == work.Submission.FedTo + 1 && time.GetElapsedTime(before.First) >= s_longest;
        (FedChunk chunk, string? elsewhere) = await fed.MakeAsync(work, waited || work.Submission.FinishBy < time.GetUtcNow(), cancellationToken);
        if (elsewhere is not null)
        {
            long now = time.GetTimestamp();
            int line = chunk.Work.To + 1;
            bool isNews = before.Line != line;
            _left[work.Submission.Id] = new LeftLine(line, isNews ? now : before.First, now);
            if (isNews)
            {
                LogLeft(line, SubmissionIds.Text(work.Submission.Id), elsewhere);
            }
            if (chunk.Jobs.Count + chunk.Invalid.Count == 0)
            {
                return;
            }
        }
        if (await store.FeedAsync(chunk, cancellationToken) is { } results)
        {
            outbox.Pulse();
            bounds.Add([.. chunk.Jobs.Where((_, i) => results[i].Outcome == SubmitOutcome.Queued)]);
            int late = results.Count(result => result.Outcome == SubmitOutcome.TooLate), jobs = results.Count - late, refused = chunk.Invalid.Count + late;
            metrics.Fed(jobs, refused);
            for (int i = 0; i < results.Count; i++)
            {
                metrics.Cache(chunk.Jobs[i], results[i]);
            }
            LogFed(jobs, refused, SubmissionIds.Text(work.Submission.Id), chunk.Work.To);
        }
    }

    private async Task TendAsync(CancellationToken cancellationToken)
    {
        TendReport report = await store.TendAsync(new TendOptions { AbandonedAfter = _options.AbandonedAfter }, cancellationToken);
        _open = report.Open > 0;
        if (report.Finished + report.Abandoned + report.Cancelled > 0)
        {
            outbox.Pulse();
            LogTended(report.Finished, report.Abandoned, report.Cancelled);
        }
        await Task.Delay(_open ? _options.TendEvery : _options.LookEvery, time, cancellationToken);
    }

    [LoggerMessage(1701, LogLevel.Debug, "Fed {Jobs} jobs, refused {Invalid} lines of {Submission}, up to line {Line}")]
    private partial void LogFed(int jobs, int invalid, string submission, int line);

    [LoggerMessage(1702, LogLevel.Information, "Submissions: {Finished} ended, {Abandoned} uploads given up, {Cancelled} jobs cancelled")]
    private partial void LogTended(int finished, int abandoned, int cancelled);

    [LoggerMessage(1703, LogLevel.Warning, "Submissions wait: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(1704, LogLevel.Warning, "Line {Line} of {Submission} is left to another node: this one does not serve model '{Model}', which a worker does")]
    private partial void LogLeft(int line, string submission, string model);

    /// <param name="Line">Its next.</param>
    /// <param name="First">When it was left there first; a timestamp.</param>
    /// <param name="Last">And last.</param>
    private readonly record struct LeftLine(int Line, long First, long Last);
}
