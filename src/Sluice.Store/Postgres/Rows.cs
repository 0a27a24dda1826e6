using Npgsql;

namespace Sluice.Store.Postgres;

/// <summary>The results of <see cref="Commands"/>, statement by statement.</summary>
internal sealed class Rows(NpgsqlBatch batch, NpgsqlDataReader reader) : IAsyncDisposable
{
    public NpgsqlDataReader Reader => reader;

    /// <summary>On to the next statement that returns columns.</summary>
    public async Task NextAsync(CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken);
        await SkipScopesAsync(cancellationToken);
    }

    public async Task SkipScopesAsync(CancellationToken cancellationToken)
    {
        while (reader.FieldCount == 0 && await reader.NextResultAsync(cancellationToken))
        {
        }
    }

    /// <summary>All rows of this statement.</summary>
    public async Task<List<T>> ListAsync<T>(Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        List<T> list = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            list.Add(read(reader));
        }
        return list;
    }

    public async ValueTask DisposeAsync()
    {
        await reader.DisposeAsync();
        await batch.DisposeAsync();
    }
}

/// <summary>Columns that may be null.</summary>
internal static class Columns
{
    public static string? Text(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public static Guid? Id(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetGuid(column);

    public static DateTimeOffset Time(this NpgsqlDataReader reader, int column) => reader.GetFieldValue<DateTimeOffset>(column);

    public static DateTimeOffset? TimeOrNull(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
