using System.Globalization;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Sluice.Jobs;
using Sluice.Service.Intake;

namespace Sluice.Service.Schedules;

/// <summary>
/// A SELECT on a named connection, read in order of its key: page after page, each in a READ ONLY transaction with a time limit, so that a restart goes on after the last key.
/// The query is one statement inside ours: the extended protocol takes no second one.
/// </summary>
internal sealed class SqlSource(NpgsqlDataSource database, SourceSpec source, ClaimedTimes times, string? after, int before, int chunk, TimeSpan limit) : IRowSource
{
    private const int PageCharacters = 4 << 20;
    private const int MostRowCharacters = 4 << 20;
    private const string ReadOnly = "set transaction read only";
    private const string IsSuper = "select rolsuper from pg_roles where rolname = current_user";

    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 64 };

    // Types whose text is exact, and whose order does not depend on how they are written.
    private static readonly string[] s_keys =
        ["smallint", "integer", "bigint", "numeric", "text", "character varying", "uuid", "date", "timestamp with time zone", "timestamp without time zone"];

    private readonly string _key = Identifiers.Quote(source.Key!);
    private string? _after = after;
    private int _number = before;
    private string? _type;
    private bool _end;

    /// <summary>Whether the query can be run and its key be read in order: null, or what is wrong. A database that does not answer says nothing.</summary>
    public static async Task<string?> FaultAsync(NpgsqlDataSource database, SourceSpec source, ClaimedTimes times, TimeSpan limit, CancellationToken cancellationToken)
    {
        await using SqlSource probe = new(database, source, times, null, 0, 1, limit);
        try
        {
            await probe.AskAsync(probe.DescribeAsync, cancellationToken);
            return null;
        }
        catch (SourceException failure)
        {
            return failure.MayPass ? null : failure.Message;
        }
    }

    public async Task<SourcePage> NextAsync(CancellationToken cancellationToken)
    {
        List<SourceRow> rows = [];
        if (!_end)
        {
            rows = await AskAsync(
                async (connection, ct) =>
                {
                    await DescribeAsync(connection, ct);
                    return await ReadAsync(connection, ct);
                },
                cancellationToken);
        }
        return new SourcePage(rows, _number, Cursor(_after), _end);
    }

    private static string Cursor(string? key) => JsonSerializer.Serialize(key ?? "", PlainText.Default.String);

    /// <summary>The key after which a cursor goes on.</summary>
    public static string? Key(string? cursor) => cursor is null ? null : JsonSerializer.Deserialize(cursor, PlainText.Default.String) is { Length: > 0 } key ? key : null;

    public ValueTask DisposeAsync() => default;

    private async Task<T> AskAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using (NpgsqlBatch first = connection.CreateBatch())
            {
                first.BatchCommands.Add(new NpgsqlBatchCommand(ReadOnly));
                string milliseconds = ((long)limit.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
                first.BatchCommands.Add(new NpgsqlBatchCommand("select set_config('statement_timeout', $1, true), set_config('datestyle', 'ISO', true), set_config('timezone', 'UTC', true)") { Parameters = { new() { Value = milliseconds } } });
                await first.ExecuteNonQueryAsync(cancellationToken);
            }
            return await work(connection, cancellationToken);
        }
        catch (Exception failure) when (failure is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
        {
            throw new SourceException($"The query of connection '{source.Connection}' failed: {NamedConnections.Words(failure)}.", failure, NamedConnections.MayPass(failure));
        }
    }

    private async Task<bool> DescribeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (_type is not null)
        {
            return true;
        }
        await using (NpgsqlCommand role = new(IsSuper, connection))
        {
            if (await role.ExecuteScalarAsync(cancellationToken) is true)
            {
                throw new SourceException($"Connection '{source.Connection}' connects as a superuser; queries are not run as one.");
            }
        }
        await using NpgsqlBatch batch = Batch(connection, $"select source.{_key} from (\n{source.Query}\n) as source limit 0", 0);
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        string type = reader.GetDataTypeName(0).Split('(')[0].Trim();
        _type = s_keys.Contains(type) ? type : throw new SourceException($"Key column '{source.Key}' is of type {type}; a key is one of {string.Join(", ", s_keys)}.");
        return true;
    }

    private async Task<List<SourceRow>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        string later = _after is null ? "" : $" and source.{_key} > ($3::text)::{_type}";
        string limited = _after is null ? "$3" : "$4";
        string sql = $"select source.{_key}::text, left(to_jsonb(source)::text, {MostRowCharacters + 1}) from (\n{source.Query}\n) as source where source.{_key} is not null{later} order by source.{_key} limit {limited}";
        List<SourceRow> rows = [];
        await using (NpgsqlBatch batch = Batch(connection, sql, chunk + 1, _after))
        await using (NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            long bytes = 0;
            while (await reader.ReadAsync(cancellationToken))
            {
                string key = reader.GetString(0);
                if (key == _after)
                {
                    throw new SourceException($"Key column '{source.Key}' is not unique: {TextRules.Quote(key)} comes twice.");
                }
                if (rows.Count == chunk || bytes > PageCharacters)
                {
                    return rows;
                }
                string fields = reader.GetString(1);
                bytes += key.Length + fields.Length;
                rows.Add(Row(++_number, key, fields) with { Cursor = Cursor(key) });
                _after = key;
            }
        }
        if (await HasNullKeysAsync(connection, cancellationToken))
        {
            rows.Add(new SourceRow(++_number, null, default, new FieldError(source.Key!, $"The query has rows whose {TextRules.Quote(source.Key!)} is null; they are left out.", "missing_field")));
        }
        _end = true;
        return rows;
    }

    private async Task<bool> HasNullKeysAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = Batch(connection, $"select exists (select from (\n{source.Query}\n) as source where source.{_key} is null)", 0);
        return await batch.ExecuteScalarAsync(cancellationToken) is true;
    }

    private NpgsqlBatch Batch(NpgsqlConnection connection, string sql, int most, string? afterKey = null)
    {
        NpgsqlBatch batch = connection.CreateBatch();
        NpgsqlBatchCommand command = new($"with firing as (select $1::timestamptz as fire_time, $2::timestamptz as previous_fire_time) {sql}");
        command.Parameters.Add(new() { Value = times.FireTime.ToUniversalTime(), NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = (object?)times.Previous?.ToUniversalTime() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        if (afterKey is not null)
        {
            command.Parameters.Add(new() { Value = afterKey });
        }
        if (most > 0)
        {
            command.Parameters.Add(new() { Value = most });
        }
        batch.BatchCommands.Add(command);
        return batch;
    }

    private static SourceRow Row(int number, string key, string fields)
    {
        if (fields.Length > MostRowCharacters)
        {
            return new SourceRow(number, key, default, new FieldError("row", $"A row may have at most {MostRowCharacters} characters.", "too_long"));
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(fields, s_json);
            return new SourceRow(number, key, document.RootElement.Clone());
        }
        catch (JsonException)
        {
            // What the database gives is JSON: only its depth is unlike ours.
            return new SourceRow(number, key, default, new FieldError("row", $"A row may be nested at most {s_json.MaxDepth} levels deep.", "invalid_json"));
        }
    }
}

/// <summary>What a query may ask about its firing.</summary>
internal readonly record struct ClaimedTimes(DateTimeOffset FireTime, DateTimeOffset? Previous);
