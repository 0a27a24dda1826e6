using System.Diagnostics;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Access;
using Sluice.Service.Cache;
using Sluice.Service.Models;
using Sluice.Service.Quotes;
using Sluice.Service.Telemetry;
using Sluice.Service.Webhooks;
using Sluice.Store;

namespace Sluice.Service.Intake;

/// <summary>The one door for jobs, whichever way they come: checks, counts tokens, derives keys, stores.</summary>
internal sealed class JobIntake(
    ModelCatalog models, WebhookRules webhooks, IEmbedder embedder, IJobStore store, SubmitBatcher batcher, QueueBounds bounds, QuoteBook quotes, SluiceMetrics metrics, IOptions<IntakeOptions> options,
    TimeProvider time)
{
    private readonly IntakeOptions _options = options.Value;

    /// <summary>
    /// Stores the job or says why not. Idempotent with <see cref="SubmitOptions.IdempotencyKey"/>: what was accepted under it is answered with its job, though a new one
    /// would be refused by now. When it returns Accepted the job is durable.
    /// Throws <see cref="StoreUnavailableException"/> when the store is: nothing is known then, and the same key may be sent again.
    /// </summary>
    public async Task<IntakeResult> SubmitAsync(Caller caller, JobRequest request, SubmitOptions submit, CancellationToken cancellationToken)
    {
        using Activity? activity = SluiceActivity.Start("submit job", SluiceActivity.CurrentTraceParent ?? submit.TraceParent);
        bool estimates = quotes.IsRead;
        RequestRules rules = new(models, webhooks, estimates ? quotes : null, time.GetUtcNow(), _options.Horizon);
        if (!rules.Accept(request, submit, out AcceptedRequest? accepted))
        {
            return await RefuseAsync(caller, request, submit, "invalid", new IntakeResult.Invalid(rules.Errors), cancellationToken);
        }
        if (!estimates && RequestRules.RejectsLate(request))
        {
            return await RefuseAsync(caller, request, submit, "no_estimates_yet", new IntakeResult.NotYet(), cancellationToken);
        }
        NewJob job = Quoted(MakeJob(caller.Tenant, accepted, submit));
        activity?.SetTag("sluice.job.id", job.Id.ToString());
        if (bounds.Exceeded(job) is { } full)
        {
            return await RefuseAsync(caller, request, submit, "queue_full", full, cancellationToken);
        }
        SubmitResult result = await batcher.SubmitAsync(job, cancellationToken);
        return Answer(result, job);
    }

    /// <summary>
    /// The job of a line, ready to be stored with others; null, and every fault, where it cannot be accepted. <paramref name="now"/> is when it was accepted:
    /// deadlines are held against that. It may want an estimate that is not known: see <see cref="Quoted"/>.
    /// </summary>
    public NewJob? Make(string tenant, JobRequest request, SubmitOptions submit, DateTimeOffset now, out IReadOnlyList<FieldError> faults)
    {
        RequestRules rules = new(models, webhooks, null, now, _options.Horizon);
        bool good = rules.Accept(request, submit, out AcceptedRequest? accepted);
        faults = rules.Errors;
        return good ? MakeJob(tenant, accepted!, submit) : null;
    }

    /// <summary>
    /// What else is wrong with a request that could only be read in part, after what was found in reading it.
    /// A field that could not be read is named once, and a rule that hangs on an unreadable kind is not asked.
    /// </summary>
    public IReadOnlyList<FieldError> Check(JobRequest request, SubmitOptions submit, IReadOnlyList<FieldError> unreadable)
    {
        RequestRules rules = new(models, webhooks, quotes.IsRead ? quotes : null, time.GetUtcNow(), _options.Horizon);
        rules.Accept(request, submit, out _);
        HashSet<string> named = [.. unreadable.Select(error => error.Field)];
        if (named.Contains("kind"))
        {
            named.UnionWith(["choices", "normalization", "parameters"]);
        }
        metrics.Refused("invalid");
        return [.. unreadable, .. rules.Errors.Where(error => !named.Contains(error.Field) && !IsWithin(error.Field, named))];
    }

    /// <summary>A list's item that could not be read says nothing about its members.</summary>
    private static bool IsWithin(string field, HashSet<string> named) => field.LastIndexOf(']') is int end and > 0 && named.Contains(field[..(end + 1)]);

    /// <summary>With what its caller is to be told of its end. One that is to be rejected when late is, from a line too, where its deadline is given.</summary>
    public NewJob Quoted(NewJob job)
    {
        JobQuote? quote = quotes.Of(job);
        bool rejects = job.OnLate == OnLate.Reject && (job.Deadline is not null || job.Ttl is not null) && quotes.Knows(job.Model);
        return job with { Quote = quote, TooLate = rejects && (quote is null || quotes.Now + quote.In > (job.Deadline ?? quotes.Now + job.Ttl)) };
    }

    /// <summary>Why a job that is <see cref="NewJob.TooLate"/> is.</summary>
    public IntakeResult.TooLate Late(NewJob job) => new(quotes.Now + job.Quote?.In, job.Deadline ?? quotes.Now + job.Ttl!.Value) { Field = job.Request.Ttl is null ? "deadline" : "ttl" };

    /// <summary>The refusal, unless it was accepted before: deadlines pass, bounds are reached and models go in between.</summary>
    private async Task<IntakeResult> RefuseAsync(Caller caller, JobRequest request, SubmitOptions submit, string why, IntakeResult refusal, CancellationToken cancellationToken)
    {
        if (submit.IdempotencyKey is { } key && TextRules.IsKey(key)
            && await store.FindRepeatedAsync(caller.Tenant, key, JobKeys.RequestHash(request, submit.RetryOf), cancellationToken) is { } job)
        {
            metrics.Accepted("replayed", job.Kind);
            return new IntakeResult.Accepted(job, SubmitOutcome.Replayed);
        }
        metrics.Refused(why);
        return refusal;
    }

    private NewJob MakeJob(string tenant, AcceptedRequest accepted, SubmitOptions submit)
    {
        JobRequest request = accepted.Request;
        string? asked = JobKeys.Asked(request);
        string cacheNamespace = request.Cache?.Namespace ?? JobDefaults.Namespace;
        bool deterministic = JobKeys.IsDeterministic(request);
        CacheMode mode = request.Cache?.Mode ?? (!deterministic ? CacheMode.Off : SemanticTier.Serves(request.Kind) ? CacheMode.Semantic : CacheMode.Exact);
        (byte[] Exact, byte[] Fingerprint)? keys = mode != CacheMode.Off ? JobKeys.Of(tenant, cacheNamespace, accepted.Model, request) : null;
        return new NewJob
        {
            Id = submit.Id ?? JobId.New(time),
            Tenant = tenant,
            Namespace = cacheNamespace,
            Kind = request.Kind,
            Class = request.Priority ?? JobDefaults.Class,
            Model = accepted.Model.Name,
            ModelRevision = accepted.Model.Revision,
            Request = request,
            PromptTokens = accepted.PromptTokens.Length,
            MaxNewTokens = accepted.MaxNewTokens,
            PrefixKey = JobKeys.Prefix(tenant, cacheNamespace, accepted.Model, accepted.PromptTokens),
            PrefixChain = JobKeys.Chain(accepted.PromptTokens),
            ExactKey = keys?.Exact,
            Fingerprint = keys?.Fingerprint,
            CacheMode = mode,
            CacheTtl = request.Cache?.Ttl is double cacheTtl ? TimeSpan.FromSeconds(cacheTtl) : JobDefaults.CacheTtl,
            Embedding = embedder.Embed(asked ?? ""),
            EmbedderId = embedder.Id,
            Guard = mode == CacheMode.Semantic && asked is not null ? SemanticTier.Guard(asked) : null,
            MinSimilarity = Math.Max(embedder.MinSimilarity, request.Cache?.MinSimilarity ?? 0),
            Deadline = request.Deadline?.ToUniversalTime(),
            Ttl = request.Ttl is double ttl ? TimeSpan.FromSeconds(ttl) : null,
            OnLate = request.OnLate ?? JobDefaults.OnLate,
            IdempotencyKey = submit.IdempotencyKey,
            RequestHash = submit.IdempotencyKey is null ? null : JobKeys.RequestHash(request, submit.RetryOf),
            RetryOf = submit.RetryOf,
            Submission = submit.Submission,
            CustomId = submit.CustomId,
            TraceParent = SluiceActivity.CurrentTraceParent ?? SluiceActivity.Read(submit.TraceParent),
            Retention = _options.Retention,
            TenantBound = _options.QueuedPerTenant,
        };
    }

    private IntakeResult Answer(SubmitResult result, NewJob job)
    {
        switch (result.Outcome)
        {
            case SubmitOutcome.KeyReused:
                metrics.Refused("key_reused");
                return new IntakeResult.KeyReused(job.IdempotencyKey!);
            case SubmitOutcome.TenantFull:
                metrics.Refused("queue_full");
                return new IntakeResult.Full(QueueBounds.TenantJobs, _options.QueuedPerTenant);
            case SubmitOutcome.TooLate:
                metrics.Refused("too_late");
                return Late(job);
            case SubmitOutcome.CacheHit:
                metrics.Accepted("cache_hit", job.Kind);
                break;
            case SubmitOutcome.Twin:
                metrics.Accepted("twin", job.Kind);
                break;
            case SubmitOutcome.Replayed:
                metrics.Accepted("replayed", job.Kind);
                break;
            case SubmitOutcome.Queued:
                metrics.Accepted("queued", job.Kind);
                bounds.Add(job);
                break;
            default:
                throw new UnreachableException($"Unknown submit outcome {result.Outcome}.");
        }
        metrics.Cache(job, result);
        return new IntakeResult.Accepted(result.Job!, result.Outcome);
    }
}
