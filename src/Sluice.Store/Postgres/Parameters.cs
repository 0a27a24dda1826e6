using Npgsql;
using NpgsqlTypes;

namespace Sluice.Store.Postgres;

/// <summary>Parameters whose type a value does not tell, because it may be null or is Postgres's own.</summary>
internal static class Parameters
{
    public static NpgsqlParameter Id(Guid? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid };

    public static NpgsqlParameter Small(short? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Smallint };

    public static NpgsqlParameter Vectors(IEnumerable<float[]?> values) => new() { Value = values.ToArray(), DataTypeName = "vector[]" };
}
