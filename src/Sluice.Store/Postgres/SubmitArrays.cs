using System.Runtime.InteropServices;
using System.Text.Json;
using NpgsqlTypes;
using Npgsql;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

/// <summary>Jobs as the arrays that the statements of a submit take.</summary>
internal static class SubmitArrays
{
    public static object?[] Jobs(IReadOnlyList<Submitted> jobs) =>
    [
        Each(jobs, j => j.Id.Value),
        Each(jobs, j => j.Tenant),
        Each(jobs, j => j.Namespace),
        Each(jobs, j => (short)j.Kind),
        Each(jobs, j => (short)j.Class),
        jobs.Select(j => (short)(j.Answer is null ? JobState.Queued : JobState.Succeeded)).ToArray(),
        Each(jobs, j => (short)j.OnLate),
        Each(jobs, j => (short)j.CacheMode),
        Each(jobs, j => j.Model),
        Each(jobs, j => j.ModelRevision),
        Each(jobs, j => j.Adapter),
        Each(jobs, j => j.PromptTokens),
        Each(jobs, j => j.MaxNewTokens),
        Each(jobs, j => j.PrefixKey),
        Each(jobs, j => j.RetryOf?.Value),
        Each(jobs, j => j.Submission),
        Each(jobs, j => j.CustomId),
        Each(jobs, j => j.IdempotencyKey),
        Typed(Each(jobs, j => j.ExactKey), NpgsqlDbType.Bytea),
        Typed(Each(jobs, j => j.Fingerprint), NpgsqlDbType.Bytea),
        Each(jobs, j => j.EmbedderId),
        Each(jobs, j => j.Request.Webhook?.Url is not null),
        Each(jobs, j => j.Deadline?.ToUniversalTime()),
        Each(jobs, j => j.Ttl),
        Each(jobs, j => j.Retention),
        Each(jobs, j => j.TraceParent),
        Each(jobs, j => j.Quote?.In),
        Each(jobs, j => j.Quote?.WillMeetDeadline),
    ];

    public static object?[] Inputs(IReadOnlyList<Submitted> jobs) =>
    [
        Each(jobs, j => j.Id.Value),
        Each(jobs, j => j.Tenant),
        Each(jobs, j => JsonSerializer.Serialize(j.Request, JobsJson.Default.JobRequest)),
        Each(jobs, j => j.Request.Metadata is { } metadata ? JsonSerializer.Serialize(metadata, JobsJson.Default.IReadOnlyDictionaryStringString) : null),
        Each(jobs, j => j.CacheTtl),
        Each(jobs, j => j.Request.Webhook?.Url),
        Each(jobs, j => j.Request.Webhook?.Events is { Count: > 0 } events ? string.Join(',', events) : null),
        Parameters.Vectors(jobs.Select(j => j.Job.Embedding)),
        Each(jobs, j => j.Retention),
        Typed(Each(jobs, j => j.Guard), NpgsqlDbType.Bytea),
        Each(jobs, j => j.Shape),
        Typed(Each(jobs, j => j.PrefixChain.IsEmpty ? null : MemoryMarshal.AsBytes(j.PrefixChain.Span).ToArray()), NpgsqlDbType.Bytea),
    ];

    public static object?[] Keys(IReadOnlyList<NewJob> jobs) =>
    [
        jobs.Select(j => j.Tenant).ToArray(),
        jobs.Select(j => j.IdempotencyKey).ToArray(),
        Typed(jobs.Select(j => j.RequestHash ?? throw new ArgumentException("A job with an idempotency key needs its request's hash.", nameof(jobs))).ToArray(), NpgsqlDbType.Bytea),
        jobs.Select(j => j.Id.Value).ToArray(),
        jobs.Select(j => j.Retention).ToArray(),
    ];

    /// <summary>byte[][] as bytea[].</summary>
    public static NpgsqlParameter Typed(byte[]?[] values, NpgsqlDbType type) => new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type };

    private static T[] Each<T>(IReadOnlyList<Submitted> jobs, Func<NewJob, T> read)
    {
        T[] values = new T[jobs.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = read(jobs[i].Job);
        }
        return values;
    }
}
