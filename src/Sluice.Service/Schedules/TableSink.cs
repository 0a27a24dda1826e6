using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>
/// A table on a named connection, the source's key kept in a column. Answers go page by page, a transaction each; what is written a second time after a crash meets its own row:
/// by key (upsert), or by key and submission (append). Names of table and columns are checked and quoted; values are parameters.
/// </summary>
internal sealed class TableSink(NpgsqlDataSource database, SinkSpec sink, int chunk, TimeSpan limit) : IAnswerSink
{
    private const string Types = """
        select a.attname, format_type(a.atttypid, null) from pg_attribute a where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
        """;

    // Text is assigned, so that a column's limit on its length refuses instead of cutting.
    private static readonly string[] s_texts = ["text", "character varying", "character"];

    public async Task DeliverAsync(FiringClaim claim, OutcomeReader answers)
    {
        string sql = await PrepareAsync(claim.Token);
        int done = claim.Work.SinkCursor is { } cursor ? int.Parse(cursor, CultureInfo.InvariantCulture) : 0;
        long delivered = claim.Firing.Delivered;
        List<LineOutcome> page = [];
        await foreach (LineOutcome line in answers.ReadAsync(done, claim.Token))
        {
            page.Add(line);
            if (page.Count == chunk)
            {
                delivered += await WriteAsync(claim, sql, page);
                await claim.ProgressAsync(delivered: delivered, sinkCursor: page[^1].Number.ToString(CultureInfo.InvariantCulture));
                page.Clear();
            }
        }
        if (page.Count > 0)
        {
            delivered += await WriteAsync(claim, sql, page);
            await claim.ProgressAsync(delivered: delivered, sinkCursor: page[^1].Number.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Whether the table is there with its columns, its unique index and the right to write: null, or what is wrong. A database that does not answer says nothing.</summary>
    public async Task<string?> FaultAsync(CancellationToken cancellationToken)
    {
        try
        {
            string sql = await PrepareAsync(cancellationToken);
            await AskAsync(
                async connection =>
                {
                    await using NpgsqlCommand command = new(sql, connection);
                    for (int i = 0; i <= sink.Columns!.Count; i++)
                    {
                        command.Parameters.Add(Texts([]));
                    }
                    return await command.ExecuteNonQueryAsync(cancellationToken);
                },
                cancellationToken);
            return null;
        }
        catch (SinkException failure)
        {
            return failure.MayPass ? null : failure.Message;
        }
    }

    /// <summary>$1 keys, then one array of texts per column.</summary>
    private async Task<string> PrepareAsync(CancellationToken cancellationToken)
    {
        if (!Identifiers.TryQuoteTable(sink.Table!, out string? table, out string? fault))
        {
            throw new SinkException($"Table '{sink.Table}' {fault}.");
        }
        Dictionary<string, string> types = await AskAsync(connection => ReadTypesAsync(connection, table, cancellationToken), cancellationToken);
        if (types.Count == 0)
        {
            throw new SinkException($"There is no table '{sink.Table}' on connection '{sink.Connection}', or its role may not see it.");
        }
        string[] names = [sink.KeyColumn!, .. sink.Columns!.Keys];
        if (names.FirstOrDefault(name => !types.ContainsKey(name)) is { } absent)
        {
            throw new SinkException($"Table '{sink.Table}' has no column '{absent}'.");
        }
        string columns = string.Join(", ", names.Select(Identifiers.Quote));
        string arrays = string.Join(", ", names.Select((_, i) => $"${i + 1}::text[]"));
        string values = string.Join(", ", names.Select((name, i) => s_texts.Contains(types[name]) ? $"v.c{i}" : $"v.c{i}::{types[name]}"));
        string fields = string.Join(", ", names.Select((_, i) => $"c{i}"));
        return $"insert into {table} as kept ({columns}) select {values} from unnest({arrays}) as v({fields}) {Conflict()}";
    }

    private string Conflict()
    {
        string key = Identifiers.Quote(sink.KeyColumn!);
        string? submission = sink.Columns!.FirstOrDefault(c => c.Value == SinkValues.Submission).Key is { } name ? Identifiers.Quote(name) : null;
        if (sink.Mode == "append")
        {
            return $"on conflict ({key}, {submission}) do nothing";
        }
        string set = string.Join(", ", sink.Columns!.Keys.Select(c => $"{Identifiers.Quote(c)} = excluded.{Identifiers.Quote(c)}"));
        // Names of submissions sort by their time: a run that is delivered late does not take a later one's place.
        string later = submission is null ? "" : $" where kept.{submission} is null or kept.{submission} <= excluded.{submission}";
        return $"on conflict ({key}) do update set {set}{later}";
    }

    /// <summary>How many rows went; lines without a key have no place in the table, and of lines of one key the first has.</summary>
    private async Task<int> WriteAsync(FiringClaim claim, string sql, List<LineOutcome> page)
    {
        List<LineOutcome> keyed = [.. page.Where(line => line.CustomId is not null && !IsRepeat(line)).DistinctBy(line => line.CustomId, StringComparer.Ordinal)];
        if (keyed.Count == 0)
        {
            return 0;
        }
        string[] values = [.. sink.Columns!.Values];
        await AskAsync(
            async connection =>
            {
                await using NpgsqlCommand command = new(sql, connection);
                command.Parameters.Add(Texts(keyed.Select(line => line.CustomId)));
                foreach (string value in values)
                {
                    command.Parameters.Add(Texts(keyed.Select(line => SinkValues.Of(value, line, claim.Firing))));
                }
                return await command.ExecuteNonQueryAsync(claim.Token);
            },
            claim.Token);
        return keyed.Count;
    }

    /// <summary>A line whose key an earlier line has must not take that one's place.</summary>
    private static bool IsRepeat(LineOutcome line) => line.Errors is [{ Code: "duplicate" }, ..];

    private static NpgsqlParameter Texts(IEnumerable<string?> values) => new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    private static async Task<Dictionary<string, string>> ReadTypesAsync(NpgsqlConnection connection, string table, CancellationToken cancellationToken)
    {
        Dictionary<string, string> types = new(StringComparer.Ordinal);
        await using NpgsqlCommand command = new(Types, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = table });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            types.Add(reader.GetString(0), reader.GetString(1));
        }
        return types;
    }

    private async Task<T> AskAsync<T>(Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using (NpgsqlCommand time = new("select set_config('statement_timeout', $1, true)", connection))
            {
                time.Parameters.Add(new NpgsqlParameter { Value = ((long)limit.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) });
                await time.ExecuteNonQueryAsync(cancellationToken);
            }
            T result = await work(connection);
            await transaction.CommitAsync(cancellationToken);
            return result;
        }
        catch (Exception failure) when (failure is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
        {
            throw new SinkException($"Table '{sink.Table}' of connection '{sink.Connection}' refuses: {NamedConnections.Words(failure)}.", failure, NamedConnections.MayPass(failure));
        }
    }
}
