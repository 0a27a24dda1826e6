using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Batching;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Service.Submissions;
using Sluice.Store;

namespace Sluice.Service.Quotes;

/// <summary>
/// Says when a job that comes now would end, without an engine and without a look into the store: from the store's counts of what waits (every second), what workers
/// say of their pace (every second), the cost models that they save, and what this process has accepted since. Of other nodes it sees what they accept a second late.
/// </summary>
internal sealed partial class QuoteBook : BackgroundService
{
    /// <summary>From acceptance to the former and from the engine to the end's being stored, beside the waiting and the work: what is usual, and what is promised with.</summary>
    private static readonly TimeSpan s_way = TimeSpan.FromMilliseconds(30), s_longWay = TimeSpan.FromMilliseconds(500);

    private readonly ICostStore _store;
    private readonly IntakeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<QuoteBook> _logger;
    private readonly Lazy<IReadOnlyDictionary<string, ModelBook>> _books;
    private readonly ConcurrentQueue<(long Stamp, string Model, WaitingJob Job)> _fresh = new();
    private volatile IReadOnlyList<ModelLoad> _loads = [];
    private TimeSpan _ahead; // of the store's clock before this one's
    private DateTimeOffset? _newsAt;
    private volatile bool _hasNews, _isRead;

    public QuoteBook(ICostStore store, Lazy<ModelCatalog> catalog, IOptions<IntakeOptions> options, TimeProvider time, ILogger<QuoteBook> logger)
    {
        _store = store;
        _options = options.Value;
        _time = time;
        _logger = logger;
        _books = new(() => catalog.Value.All.ToDictionary(model => model.Name, model => new ModelBook(model), StringComparer.Ordinal));
    }

    /// <summary>About the store's time.</summary>
    public DateTimeOffset Now => _time.GetUtcNow() + _ahead;

    /// <summary>What the store keeps has been read and counted once. Until then nothing is known here, whatever others have learned.</summary>
    public bool IsRead => _isRead;

    /// <summary>Enough is known of the model for an estimate of when its jobs end.</summary>
    public bool Knows(string model) => Find(model)?.Cost is not null;

    /// <summary>What has been learned of the model, one per backend.</summary>
    public IReadOnlyList<CostModel> Costs(string model) => Find(model)?.Costs ?? [];

    /// <summary>What to tell the job's caller; null where nothing is known, or no worker runs its model.</summary>
    public JobQuote? Of(NewJob job)
    {
        DateTimeOffset now = Now;
        if (Find(job.Model) is not { Cost: { } cost, Ahead: { } ahead })
        {
            return null;
        }
        WaitingJob waiting = Workload.Waiting(job, now);
        TimeSpan wait = ahead.Work.WaitOf(job.Class, ModelBook.DueOf(waiting, now) - ahead.At, _time.GetElapsedTime(ahead.Stamp));
        Quote quote = Quote.Of(waiting with { Deadline = waiting.Deadline - s_longWay }, cost, wait, now);
        return new JobQuote(quote.Eta - now + s_way, waiting.Deadline is null ? null : quote.WillMeetDeadline);
    }

    /// <summary>When the last of a submission's lines is likely to end; null once it has ended, before its first lines are fed, where nothing is known, and where its lines are for several models.</summary>
    public DateTimeOffset? EtaOf(SubmissionRecord submission)
    {
        SubmissionCounts counts = submission.Counts;
        if (submission.State >= SubmissionState.Finished || counts.Fed == 0 || submission.Work is not { } work || Find(work.Model) is not { Cost: { } cost, Ahead: { } ahead })
        {
            return null;
        }
        DateTimeOffset now = Now;
        JobClass jobClass = LineDefaults.Of(submission).Priority ?? JobClass.Bulk;
        WaitingJob average = Workload.Average(jobClass, counts.Fed, work.PromptTokens, work.MaxNewTokens, cost, now) with { Deadline = submission.FinishBy };
        int unfed = Math.Max(0, counts.Pending - (counts.Fed - counts.Ended));
        TimeSpan wait = ahead.Work.WaitOf(jobClass, ModelBook.DueOf(average, now) - ahead.At, _time.GetElapsedTime(ahead.Stamp), unfed * cost.Work(average, 0));
        return Quote.Of(average, cost, wait, now).Eta + s_way;
    }

    /// <summary>The store has counted, beginning at <paramref name="stamp"/>.</summary>
    public void Count(StoreStatistics statistics, long stamp)
    {
        bool hasNews = _hasNews;
        while (_fresh.TryPeek(out (long Stamp, string Model, WaitingJob Job) first) && first.Stamp < stamp && _fresh.TryDequeue(out _))
        {
            // counted with the rest
        }
        DateTimeOffset at = Now - _time.GetElapsedTime(stamp);
        foreach (ModelBook book in _books.Value.Values)
        {
            book.Count(statistics.Waiting, _loads, at, stamp);
        }
        foreach ((long _, string model, WaitingJob job) in _fresh)
        {
            Find(model)?.Add(job, job.CreatedAt);
        }
        _isRead |= hasNews;
    }

    /// <summary>The job was queued.</summary>
    public void Queued(NewJob job)
    {
        if (Find(job.Model) is { } book)
        {
            WaitingJob waiting = Workload.Waiting(job, Now);
            _fresh.Enqueue((_time.GetTimestamp(), job.Model, waiting));
            book.Add(waiting, waiting.CreatedAt);
        }
    }

    /// <summary>Where a look fails, what was known goes on.</summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Rounds.RunAsync(_options.CountEvery, atOnce: true, ReadAsync, failure => LogFailed(failure.Message), _time, stoppingToken);

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        CostNews news = await _store.NewsAsync(_newsAt, cancellationToken);
        _ahead = news.At - _time.GetUtcNow();
        _newsAt = news.At - TimeSpan.FromSeconds(5); // what a transaction under way has not shown yet is shown the next time
        _loads = [.. news.Loads.SelectMany(load => CostJson.Read(load)?.Models ?? [])];
        foreach (CostModel saved in news.Models)
        {
            Find(saved.Model)?.Take(saved);
        }
        _hasNews = true;
    }

    private ModelBook? Find(string model) => _books.Value.GetValueOrDefault(model);

    [LoggerMessage(1302, LogLevel.Warning, "What jobs cost could not be read and is tried again: {Reason}")]
    private partial void LogFailed(string reason);
}
