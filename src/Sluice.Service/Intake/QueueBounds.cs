using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Service.Quotes;
using Sluice.Store;

namespace Sluice.Service.Intake;

/// <summary>
/// Back-pressure that needs no exact count: tokens that wait, per tenant and in all, and jobs of all tenants. Counted by the store every
/// <see cref="IntakeOptions.CountEvery"/>; in between this process adds what it accepts, so several nodes may overshoot by what they accept within that time.
/// A tenant's number of jobs is bounded exactly, by the store. Accepted work is never shed.
/// </summary>
internal sealed partial class QueueBounds(IJobStore store, QuoteBook quotes, IOptions<IntakeOptions> options, TimeProvider time, ILogger<QueueBounds> logger) : BackgroundService
{
    public const string TenantJobs = "queued jobs of one tenant", TenantTokens = "queued tokens of one tenant", AllJobs = "queued jobs", AllTokens = "queued tokens";

    private readonly IntakeOptions _options = options.Value;
    private volatile Count _count = new(new Dictionary<string, long>(), new Dictionary<string, long>(), 0);

    /// <summary>Which bound the job would break, or null.</summary>
    public IntakeResult.Full? Exceeded(NewJob job)
    {
        Count count = _count;
        long tokens = TokensOf(job);
        if (count.Tenant(job.Tenant) + tokens > _options.QueuedTokensPerTenant)
        {
            return new IntakeResult.Full(TenantTokens, _options.QueuedTokensPerTenant);
        }
        if (count.Jobs >= _options.Queued)
        {
            return new IntakeResult.Full(AllJobs, _options.Queued);
        }
        return count.Tokens + tokens > _options.QueuedTokens ? new IntakeResult.Full(AllTokens, _options.QueuedTokens) : null;
    }

    /// <summary>
    /// Staged lines wait here: a tenant is full for them when half of what it may have queued is there, so that its other jobs are still taken.
    /// </summary>
    public IReadOnlyList<string> FullTenants
    {
        get
        {
            Count count = _count;
            return [.. count.Tenants.Where(tenant => count.Queued(tenant) >= _options.QueuedPerTenant / 2 || count.Tenant(tenant) >= _options.QueuedTokensPerTenant / 2)];
        }
    }

    /// <summary>Of all tenants together; for staged lines.</summary>
    public bool IsFull => _count.Jobs >= _options.Queued / 2 || _count.Tokens >= _options.QueuedTokens / 2;

    /// <summary>The jobs were queued.</summary>
    public void Add(IReadOnlyList<NewJob> jobs)
    {
        foreach (NewJob job in jobs)
        {
            Add(job);
        }
    }

    /// <summary>The job was queued.</summary>
    public void Add(NewJob job)
    {
        _count.Add(job.Tenant, TokensOf(job));
        quotes.Queued(job);
    }

    /// <summary>Where a count fails, the one before goes on.</summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Rounds.RunAsync(_options.CountEvery, atOnce: true, CountAsync, failure => LogFailed(failure.Message), time, stoppingToken);

    private async Task CountAsync(CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        StoreStatistics statistics = await store.StatisticsAsync(cancellationToken);
        _count = new Count(statistics.QueuedTokensByTenant, statistics.QueuedByTenant, statistics.Queued);
        quotes.Count(statistics, began);
    }

    [LoggerMessage(1301, LogLevel.Warning, "What waits could not be counted and is tried again: {Reason}")]
    private partial void LogFailed(string reason);

    private static long TokensOf(NewJob job) => (long)job.PromptTokens + job.MaxNewTokens;

    private sealed class Count(IReadOnlyDictionary<string, long> tokensByTenant, IReadOnlyDictionary<string, long> jobsByTenant, long jobs)
    {
        private readonly ConcurrentDictionary<string, long> _byTenant = new(tokensByTenant, StringComparer.Ordinal);
        private long _jobs = jobs;
        private long _tokens = tokensByTenant.Values.Sum();

        public long Jobs => Interlocked.Read(ref _jobs);

        public long Tokens => Interlocked.Read(ref _tokens);

        public IEnumerable<string> Tenants => _byTenant.Keys;

        /// <summary>As counted last.</summary>
        public long Queued(string tenant) => jobsByTenant.GetValueOrDefault(tenant);

        public long Tenant(string tenant) => _byTenant.GetValueOrDefault(tenant);

        public void Add(string tenant, long tokens)
        {
            _byTenant.AddOrUpdate(tenant, tokens, (_, known) => known + tokens);
            Interlocked.Increment(ref _jobs);
            Interlocked.Add(ref _tokens, tokens);
        }
    }
}
