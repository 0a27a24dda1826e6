using System.Text.Json;
using Npgsql;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

/// <summary>How a <see cref="JobRecord"/> is read.</summary>
internal static class RecordSql
{
    private const string Head = """
        select j.id, j.tenant, j.namespace, j.kind, j.class, j.model, j.model_revision, j.state, j.prompt_tokens, j.claims,
            j.failures, j.waits_for, j.retry_of, j.submission, j.custom_id, j.created_at, j.started_at, j.finished_at, j.deadline, j.on_late,
            j.error_code, j.error_message, i.metadata, r.source, r.outputs, r.prompt_tokens, r.cached_tokens, r.generated_tokens, r.drafted_tokens, r.accepted_tokens,
            r.cache_tier, r.cache_entry, r.similarity, j.eta, j.will_meet
        """;

    private const string Columns = Head + ", r.embedding, r.embedder_id";

    private const string Joins = " left join job_inputs i on i.job = j.id left join results r on r.job = j.id ";

    /// <summary>$1 tenant, $2 id.</summary>
    public const string One = Columns + " from jobs j" + Joins + "where j.tenant = $1 and j.id = $2";

    /// <summary>$1 tenant, $2 idempotency key, $3 request hash.</summary>
    public const string OfKey = Columns + " from idempotency_keys k join jobs j on j.tenant = k.tenant and j.id = k.job" + Joins + "where k.tenant = $1 and k.key = $2 and k.hash = $3 and k.expires_at > now()";

    /// <summary>$1 ids, of any tenant that the scope shows.</summary>
    public const string Many = Columns + " from jobs j" + Joins + "where j.id = any($1)";

    private const string Between = "id < coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff') and id >= coalesce($5, '00000000-0000-0000-0000-000000000000') and ($3 is null or state = $3)";

    /// <summary>$1 tenant, $2 below this id, $3 state or null, $4 limit, $5 from this id on.</summary>
    public const string Page = $"{Columns} from (select * from jobs where tenant = $1 and {Between} order by id desc limit $4) j{Joins}order by j.id desc";

    /// <summary>As <see cref="Page"/>, $6 submission.</summary>
    public const string PageOfSubmission = $"{Columns} from (select * from jobs where tenant = $1 and submission = $6 and {Between} order by id desc limit $4) j{Joins}order by j.id desc";

    /// <summary>$1 tenant, $2 below this id, $3 how many come before it: where a look for jobs of one state ends. No row where so many there are not.</summary>
    public const string End = "select id from jobs where tenant = $1 and id < coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff') order by id desc offset $3 limit 1";

    /// <summary>As <see cref="End"/>, $4 submission.</summary>
    public const string EndOfSubmission = "select id from jobs where tenant = $1 and submission = $4 and id < coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff') order by id desc offset $3 limit 1";

    /// <summary>
    /// $1 tenant, $2 submission, $3 above this id, $4 states, $5 limit: in order of their lines. Without embeddings; column <see cref="ShapeColumn"/> is the input's shape.
    /// </summary>
    public const string LinesOfSubmission = Head + """
        , null::vector, null::text, i.shape
         from (select * from jobs where tenant = $1 and submission = $2 and id > $3 and state = any($4) order by id limit $5) j
        """ + Joins + "order by j.id";

    public const int ShapeColumn = 37;

    public static JobRecord Read(NpgsqlDataReader row) => new()
    {
        Id = new JobId(row.GetGuid(0)),
        Tenant = row.GetString(1),
        Namespace = row.GetString(2),
        Kind = (JobKind)row.GetInt16(3),
        Class = (JobClass)row.GetInt16(4),
        Model = row.GetString(5),
        ModelRevision = row.GetString(6),
        State = (JobState)row.GetInt16(7),
        PromptTokens = row.GetInt32(8),
        Claims = row.GetInt32(9),
        Failures = row.GetInt32(10),
        WaitsFor = row.Id(11) is { } leader ? new JobId(leader) : null,
        RetryOf = row.Id(12) is { } first ? new JobId(first) : null,
        Submission = row.Id(13),
        CustomId = row.Text(14),
        CreatedAt = row.Time(15),
        StartedAt = row.TimeOrNull(16),
        FinishedAt = row.TimeOrNull(17),
        Deadline = row.TimeOrNull(18),
        OnLate = (OnLate)row.GetInt16(19),
        Eta = row.TimeOrNull(33),
        WillMeetDeadline = row.IsDBNull(34) ? null : row.GetBoolean(34),
        Error = row.Text(20) is { } code ? new JobError(code, row.Text(21) ?? "") : null,
        Metadata = row.Text(22) is { } metadata ? JsonSerializer.Deserialize(metadata, JobsJson.Default.IReadOnlyDictionaryStringString) : null,
        Result = row.IsDBNull(23) ? null : ReadResult(row),
    };

    public static string Write(IReadOnlyList<JobOutput> outputs) => JsonSerializer.Serialize(outputs, JobsJson.Default.IReadOnlyListJobOutput);

    public static IReadOnlyList<JobOutput> ReadOutputs(string outputs) => JsonSerializer.Deserialize(outputs, JobsJson.Default.IReadOnlyListJobOutput)!;

    public static JobRequest ReadRequest(string request) => JsonSerializer.Deserialize(request, JobsJson.Default.JobRequest)!;

    /// <summary>Five columns from <paramref name="first"/> on: prompt, cached, generated, drafted, accepted tokens.</summary>
    public static JobUsage ReadUsage(NpgsqlDataReader row, int first) => new()
    {
        PromptTokens = row.GetInt32(first),
        CachedTokens = row.GetInt32(first + 1),
        GeneratedTokens = row.GetInt32(first + 2),
        DraftedTokens = row.GetInt32(first + 3),
        AcceptedTokens = row.GetInt32(first + 4),
    };

    private static JobResult ReadResult(NpgsqlDataReader row) => new()
    {
        Source = (AnswerSource)row.GetInt16(23),
        Outputs = ReadOutputs(row.GetString(24)),
        Usage = ReadUsage(row, 25),
        Cache = row.Text(30) is { } tier ? new CacheHit { Tier = tier, Entry = JobEnds.EntryName(row.GetGuid(31)), Similarity = row.GetDouble(32) } : null,
        Embedding = row.IsDBNull(35) ? null : row.GetFieldValue<float[]>(35),
        EmbedderId = row.Text(36),
    };
}
