using System.Security.Cryptography;
using System.Text;
using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>What the contract tests share: a store, jobs to put in, and short ways to move them along.</summary>
public abstract class StoreContract(StoreHost host) : IAsyncLifetime
{
    protected const string Tenant = "acme";
    protected const string Other = "rival";
    protected const string Model = "tiny";
    protected static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1600);
    protected static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1500);

    protected StoreHost Host => host;
    protected IJobStore Store => host.Jobs;
    protected IKeyStore Keys => host.Keys;
    protected IWebhookStore Webhooks => host.Webhooks;
    protected IScheduleStore Schedules => host.Schedules;
    protected IRetentionStore Retention => host.Retention;
    protected ICostStore Costs => host.Costs;
    protected ISubmissionStore Submissions => host.Submissions;
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await host.OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected Task PassAsync(TimeSpan time) => host.PassAsync(time);

    /// <summary>What is there becomes so much older at once.</summary>
    protected Task ShiftAsync(TimeSpan time) => host.ShiftAsync(time, [Tenant]);

    private static long s_milliseconds = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>An id above all earlier ones: those of one millisecond would have no order.</summary>
    protected static JobId NewId() => new(Guid.CreateVersion7(DateTimeOffset.FromUnixTimeMilliseconds(Interlocked.Increment(ref s_milliseconds))));

    protected static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    /// <summary>A job that shares its answer with none.</summary>
    protected static NewJob Job(string prompt = "Once upon a time", string tenant = Tenant) => new()
    {
        Id = NewId(),
        Tenant = tenant,
        Namespace = "default",
        Kind = JobKind.Generate,
        Class = JobClass.Standard,
        Model = Model,
        ModelRevision = "r1",
        Request = new JobRequest { Model = Model, Prompt = prompt },
        PromptTokens = 5,
        MaxNewTokens = 16,
        PrefixKey = 7,
    };

    /// <summary>A deterministic job: equal ones are twins, its answer is cached.</summary>
    protected static NewJob Twin(string prompt = "Once upon a time", string tenant = Tenant) => Job(prompt, tenant) with
    {
        ExactKey = Hash(prompt),
        Fingerprint = Hash("fingerprint"),
        CacheMode = CacheMode.Semantic,
        Embedding = [0.6f, 0.8f],
        EmbedderId = "lexical-1",
        Guard = Hash("guard"),
    };

    protected static JobResult Answer(string text = "there was a frog") => new()
    {
        Outputs = [new JobOutput { Text = text, FinishReason = "stop", Tokens = 4 }],
        Usage = new JobUsage { PromptTokens = 5, CachedTokens = 1, GeneratedTokens = 4, DraftedTokens = 3, AcceptedTokens = 2 },
        Source = AnswerSource.Engine,
    };

    protected async Task<SubmitResult> SubmitAsync(NewJob job) => Assert.Single(await Store.SubmitAsync([job], Token));

    protected async Task<JobRecord> GetAsync(JobId id, string tenant = Tenant)
    {
        JobRecord? job = await Store.GetAsync(tenant, id, Token);
        Assert.NotNull(job);
        return job;
    }

    protected async Task<Guid> WorkerAsync(string name = "w1")
    {
        Guid id = Guid.NewGuid();
        await Store.RegisterWorkerAsync(new WorkerRegistration(id, name, [Model]), Token);
        return id;
    }

    protected async Task<ClaimedJob> RunAsync(Guid worker, JobId id)
    {
        await Store.ReserveAsync(worker, [id], Token);
        return Assert.Single(await Store.ClaimAsync(worker, [id], Token));
    }

    protected async Task<bool> SucceedAsync(Guid worker, Fence fence, string text = "there was a frog") => Assert.Single(
        await Store.FinishAsync(worker, [new JobOutcome { Fence = fence, State = JobState.Succeeded, Result = Answer(text) }], Token));

    protected async Task<bool> FailAsync(Guid worker, Fence fence, bool retryable = false) => Assert.Single(
        await Store.FinishAsync(worker, [new JobOutcome { Fence = fence, State = JobState.Failed, Error = new JobError("engine", "It broke."), Retryable = retryable }], Token));

    /// <summary>Takes all that waits in the outbox.</summary>
    protected async Task<List<OutboxRow>> RelayAsync()
    {
        List<OutboxRow> rows = [];
        int published;
        do
        {
            published = await Store.RelayOutboxAsync(100, (page, _) =>
            {
                rows.AddRange(page);
                return Task.CompletedTask;
            }, Token);
        }
        while (published > 0);
        return rows;
    }

    /// <summary>The jobs whose tickets wait in the outbox, which is empty afterwards.</summary>
    protected async Task<List<JobId>> TicketsAsync() => [.. (await RelayAsync()).Where(r => r.Kind == OutboxKind.Ticket).SelectMany(r => r.Jobs ?? [r.Job])];
}
