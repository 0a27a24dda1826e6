using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Npgsql;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

/// <summary>How submissions and their lines are read and written.</summary>
internal static class SubmissionRows
{
    public static SubmissionRecord Read(NpgsqlDataReader row) => Read(row, 0);

    /// <summary><see cref="SubmissionSql.Columns"/> from <paramref name="first"/> on.</summary>
    public static SubmissionRecord Read(NpgsqlDataReader row, int first) => new()
    {
        Id = row.GetGuid(first),
        Tenant = row.GetString(first + 1),
        State = (SubmissionState)row.GetInt16(first + 2),
        Source = (SubmissionSource)row.GetInt16(first + 3),
        Name = row.Text(first + 4),
        IdempotencyKey = row.Text(first + 5),
        RequestHash = row.IsDBNull(first + 6) ? null : row.GetFieldValue<byte[]>(first + 6),
        Schedule = row.Id(first + 7),
        FireTime = row.TimeOrNull(first + 8),
        KeepIncomplete = !row.GetBoolean(first + 9),
        UploadIncomplete = row.GetBoolean(first + 10),
        Defaults = row.Text(first + 11),
        FinishBy = row.TimeOrNull(first + 12),
        Metadata = row.Text(first + 13) is { } metadata ? JsonSerializer.Deserialize(metadata, JobsJson.Default.IReadOnlyDictionaryStringString) : null,
        Counts = new SubmissionCounts(row.GetInt32(first + 14), row.GetInt32(first + 15), row.GetInt32(first + 16), row.GetInt32(first + 17), row.GetInt32(first + 18), row.GetInt32(first + 19), row.GetInt32(first + 20)),
        LastLine = row.GetInt32(first + 21),
        FedTo = row.GetInt32(first + 22),
        Cursor = row.Text(first + 23),
        CreatedAt = row.Time(first + 24),
        ClosedAt = row.TimeOrNull(first + 25),
        FinishedAt = row.TimeOrNull(first + 26),
        Work = row.Text(first + 27) is { } model ? new SubmissionWork(model, row.GetInt64(first + 28), row.GetInt64(first + 29)) : null,
    };

    /// <summary>The columns of <see cref="SubmissionSql.Invalid"/> and <see cref="SubmissionSql.Unfed"/>.</summary>
    public static LineOutcome ReadLine(NpgsqlDataReader row) => new()
    {
        Number = row.GetInt32(0),
        CustomId = row.Text(1),
        Errors = row.Text(2) is { } errors ? JsonSerializer.Deserialize(errors, JobsJson.Default.IReadOnlyListFieldError) : null,
        Request = row.IsDBNull(3) ? null : row.GetFieldValue<byte[]>(3),
    };

    public static LineOutcome ReadJob(NpgsqlDataReader row)
    {
        JobRecord job = RecordSql.Read(row);
        return new LineOutcome
        {
            Number = SubmissionJobs.LineOf(job.Id),
            CustomId = job.CustomId,
            Job = job,
            Shape = row.IsDBNull(RecordSql.ShapeColumn) ? null : row.GetInt16(RecordSql.ShapeColumn),
        };
    }

    public static string Write(IReadOnlyList<FieldError> errors) => JsonSerializer.Serialize(errors, JobsJson.Default.IReadOnlyListFieldError);

    public static Guid? Hash(string? customId) => customId is null ? null : new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(customId)).AsSpan(0, 16));
}
