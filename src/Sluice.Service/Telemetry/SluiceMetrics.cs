using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Telemetry;

/// <summary>
/// The numbers of meter <c>Sluice</c>. Labels come from closed sets (state, reason, tier, class, model): never a tenant, never an id.
/// All members may be called from any thread and cost next to nothing when nobody listens.
/// </summary>
internal sealed class SluiceMetrics
{
    public const string MeterName = "Sluice";

    private static readonly double[] s_seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];
    private static readonly double[] s_shares = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10];
    private static readonly double[] s_counts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192];

    private readonly Meter _meter;
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _lines;
    private readonly Counter<long> _finished;
    private readonly Counter<long> _batches;
    private readonly Counter<long> _steps;
    private readonly Counter<long> _promptTokens;
    private readonly Counter<long> _cachedTokens;
    private readonly Counter<long> _generatedTokens;
    private readonly ConcurrentDictionary<string, object> _readings = new(StringComparer.Ordinal);
    private readonly Counter<long> _draftedTokens;
    private readonly Counter<long> _acceptedTokens;
    private readonly Counter<long> _cacheHits;
    private readonly Counter<long> _cacheMisses;
    private readonly Counter<long> _stale;
    private readonly Counter<long> _stalls;
    private readonly Counter<long> _relayed;
    private readonly Counter<long> _webhooks;
    private readonly Counter<long> _purged;
    private readonly Counter<long> _runs;
    private readonly Histogram<double> _queueWait;
    private readonly Histogram<double> _execution;
    private readonly Histogram<double> _outboxLag;
    private readonly Histogram<double> _quoteError;
    private readonly Counter<long> _promises;
    private readonly Histogram<int> _batchSize;
    private readonly Histogram<int> _submitSize;

    public SluiceMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(MeterName);
        _accepted = _meter.CreateCounter<long>("sluice.jobs.accepted", "{job}", "Jobs stored that came by themselves, by what they turned out to be.");
        _refused = _meter.CreateCounter<long>("sluice.jobs.refused", "{job}", "Submits that stored nothing, by reason.");
        _lines = _meter.CreateCounter<long>("sluice.submission.lines", "{line}", "Lines of submissions that were fed, by what they turned out to be.");
        _finished = _meter.CreateCounter<long>("sluice.jobs.finished", "{job}", "Jobs that this process ran to their end, or ended in reconciling or at the return of a dead worker, by terminal state; not those that the cache, an equal job or a cancel ended.");
        _batches = _meter.CreateCounter<long>("sluice.batches", "{batch}", "Batches handed to an engine, by the reason they were closed.");
        _steps = _meter.CreateCounter<long>("sluice.engine.steps", "{step}", "Forward passes.");
        _promptTokens = _meter.CreateCounter<long>("sluice.tokens.prompt", "{token}", "Prompt tokens of finished jobs, computed or found cached.");
        _cachedTokens = _meter.CreateCounter<long>("sluice.tokens.prompt.cached", "{token}", "Those whose KV pages were already there.");
        _generatedTokens = _meter.CreateCounter<long>("sluice.tokens.generated", "{token}", "Tokens sampled.");
        _draftedTokens = _meter.CreateCounter<long>("sluice.tokens.drafted", "{token}", "Tokens guessed ahead and looked at by the model.");
        _acceptedTokens = _meter.CreateCounter<long>("sluice.tokens.accepted", "{token}", "Those that became tokens of the answer.");
        _cacheHits = _meter.CreateCounter<long>("sluice.cache.hits", "{job}", "Jobs answered without running, by tier.");
        _cacheMisses = _meter.CreateCounter<long>("sluice.cache.misses", "{job}", "Jobs that asked the cache and were queued.");
        _stale = _meter.CreateCounter<long>("sluice.stale_results", "{result}", "Results discarded because the job's fence had moved.");
        _stalls = _meter.CreateCounter<long>("sluice.worker.stalls", "{stall}", "Times that an engine had work and made no progress until the process ended itself.");
        _relayed = _meter.CreateCounter<long>("sluice.outbox.relayed", "{row}", "Outbox rows published.");
        _webhooks = _meter.CreateCounter<long>("sluice.webhooks.attempts", "{attempt}", "Webhook calls, by result.");
        _runs = _meter.CreateCounter<long>("sluice.schedules.runs", "{run}", "Runs of schedules that this process ended, by how and whether in time.");
        _purged = _meter.CreateCounter<long>("sluice.retention.purged", "{row}", "What went because it was kept long enough, by kind.");
        _queueWait = _meter.CreateHistogram("sluice.job.queue_wait", "s", "From acceptance to the run that counted.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = s_seconds });
        _execution = _meter.CreateHistogram("sluice.job.execution", "s", "From that start to the terminal transaction.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = s_seconds });
        _outboxLag = _meter.CreateHistogram("sluice.outbox.lag", "s", "Age of the oldest row when it was published.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = s_seconds });
        _quoteError = _meter.CreateHistogram("sluice.quote.error", "1", "How far a job's end was from its quote, as a share of the time it took.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = s_shares });
        _promises = _meter.CreateCounter<long>("sluice.quote.promises", "{job}", "Jobs that were promised to meet their deadline and have ended, by whether they did.");
        _batchSize = _meter.CreateHistogram("sluice.batch.jobs", "{job}", "Jobs per batch.", advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [.. s_counts.Select(count => (int)count)] });
        _submitSize = _meter.CreateHistogram("sluice.submit.jobs", "{job}", "Jobs per submit transaction.", advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [.. s_counts.Select(count => (int)count)] });
    }

    /// <param name="outcome"><c>queued</c>, <c>cache_hit</c>, <c>twin</c> or <c>replayed</c>.</param>
    /// <param name="kind">What was asked for.</param>
    public void Accepted(string outcome, JobKind kind) => _accepted.Add(1, new("outcome", outcome), new("kind", kind.Label()));

    /// <summary>Staged lines became jobs, or error rows.</summary>
    public void Fed(int jobs, int invalid)
    {
        _lines.Add(jobs, new KeyValuePair<string, object?>("outcome", "job"));
        _lines.Add(invalid, new KeyValuePair<string, object?>("outcome", "invalid"));
    }

    /// <param name="reason"><c>invalid</c>, <c>key_reused</c>, <c>queue_full</c>, <c>too_late</c> or <c>no_estimates_yet</c>.</param>
    public void Refused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void SubmitTransaction(int jobs) => _submitSize.Record(jobs);

    /// <summary>A terminal transaction was written. Times are null where the job never ran.</summary>
    public void Finished(JobState state, string model, JobClass jobClass, TimeSpan? queueWait, TimeSpan? execution)
    {
        KeyValuePair<string, object?> modelLabel = new("model", model);
        _finished.Add(1, new("state", state.Label()), modelLabel);
        if (queueWait is TimeSpan waited)
        {
            _queueWait.Record(waited.TotalSeconds, new("class", jobClass.Label()), modelLabel);
        }
        if (execution is TimeSpan ran)
        {
            _execution.Record(ran.TotalSeconds, modelLabel);
        }
    }

    /// <summary>A job that had a quote has succeeded.</summary>
    /// <param name="model">Whose.</param>
    /// <param name="jobClass">The job's.</param>
    /// <param name="quoted">From acceptance to the end, as quoted.</param>
    /// <param name="took">The same, as it came.</param>
    public void Quoted(string model, JobClass jobClass, TimeSpan quoted, TimeSpan took) =>
        _quoteError.Record(Math.Abs((took - quoted).TotalSeconds) / Math.Max(took.TotalSeconds, 0.001), new("model", model), new("class", jobClass.Label()));

    /// <summary>Jobs ended without a run here: late, or given up after others' runs.</summary>
    public void Ended(JobState state, int jobs)
    {
        if (jobs > 0)
        {
            _finished.Add(jobs, new KeyValuePair<string, object?>("state", state.Label()));
        }
    }

    /// <summary>Jobs that were promised to meet their deadline have ended.</summary>
    public void Promised(int jobs, bool kept) => _promises.Add(jobs, new KeyValuePair<string, object?>("kept", kept ? "yes" : "no"));

    /// <summary>What a finished job took.</summary>
    public void Tokens(string model, JobUsage usage)
    {
        KeyValuePair<string, object?> label = new("model", model);
        _promptTokens.Add(usage.PromptTokens, label);
        _cachedTokens.Add(usage.CachedTokens, label);
        _generatedTokens.Add(usage.GeneratedTokens, label);
        _draftedTokens.Add(usage.DraftedTokens, label);
        _acceptedTokens.Add(usage.AcceptedTokens, label);
    }

    /// <param name="model">Whose batch.</param>
    /// <param name="closeReason">The former's reason, lower case with underscores.</param>
    /// <param name="jobs">Jobs in it.</param>
    public void Batch(string model, string closeReason, int jobs)
    {
        _batches.Add(1, new("model", model), new("reason", closeReason));
        _batchSize.Record(jobs, new KeyValuePair<string, object?>("model", model));
    }

    public void Steps(string model, long steps) => _steps.Add(steps, new KeyValuePair<string, object?>("model", model));

    /// <summary>Whether the cache answered a job that was stored: a hit of tier <c>exact</c>, <c>semantic</c> or <c>twin</c>, or a miss where it asked.</summary>
    public void Cache(NewJob job, SubmitResult stored)
    {
        string? tier = stored.Outcome switch
        {
            SubmitOutcome.CacheHit => stored.Job!.Result?.Cache?.Tier ?? "exact",
            SubmitOutcome.Twin => "twin",
            _ => null,
        };
        if (tier is not null)
        {
            _cacheHits.Add(1, new KeyValuePair<string, object?>("tier", tier));
        }
        else if (stored.Outcome == SubmitOutcome.Queued && job.ExactKey is not null)
        {
            _cacheMisses.Add(1);
        }
    }

    public void StaleResults(int count) => _stale.Add(count);

    public void Stalled(string model) => _stalls.Add(1, new KeyValuePair<string, object?>("model", model));

    public void Relayed(int rows, TimeSpan oldest)
    {
        _relayed.Add(rows);
        _outboxLag.Record(oldest.TotalSeconds);
    }

    /// <param name="result"><c>delivered</c>, or the class of failure.</param>
    public void WebhookAttempt(string result) => _webhooks.Add(1, new KeyValuePair<string, object?>("result", result));

    /// <param name="end"><c>finished</c>, <c>failed</c> or <c>cancelled</c>.</param>
    /// <param name="late">Null where it had no deadline.</param>
    public void ScheduleRun(string end, bool? late) => _runs.Add(1, new("end", end), new("late", late switch { null => "none", true => "yes", false => "no" }));

    /// <summary>Retention was over for these.</summary>
    public void Purged(PurgeReport report)
    {
        Count("jobs", report.Jobs);
        Count("facts", report.Facts);
        Count("keys", report.Keys);
        Count("deliveries", report.Deliveries);
        Count("lines", report.Lines);
        Count("runs", report.Runs);

        void Count(string kind, int rows)
        {
            if (rows > 0)
            {
                _purged.Add(rows, new KeyValuePair<string, object?>("kind", kind));
            }
        }
    }

    /// <summary>
    /// A number that is read when somebody asks: jobs held, pages free, rows waiting. Name without unit suffix, <c>sluice.worker.held</c>; a name told again has the
    /// new reader.
    /// </summary>
    public void Observe(string name, string unit, string description, Func<IEnumerable<Measurement<long>>> read) => Read(name, unit, description, read);

    /// <summary>As <see cref="Observe(string, string, string, Func{IEnumerable{Measurement{long}}})"/>, for what is no whole number.</summary>
    public void Observe(string name, string unit, string description, Func<IEnumerable<Measurement<double>>> read) => Read(name, unit, description, read);

    private void Read<T>(string name, string unit, string description, Func<IEnumerable<Measurement<T>>> read)
        where T : struct
    {
        Reading<T> reading = (Reading<T>)_readings.GetOrAdd(name, _ => new Reading<T>());
        reading.Now = read;
        if (reading.IsNew())
        {
            _meter.CreateObservableGauge(name, () => reading.Now(), unit, description);
        }
    }

    private sealed class Reading<T>
        where T : struct
    {
        private int _told;

        public volatile Func<IEnumerable<Measurement<T>>> Now = () => [];

        /// <summary>True once.</summary>
        public bool IsNew() => Interlocked.Exchange(ref _told, 1) == 0;
    }
}
