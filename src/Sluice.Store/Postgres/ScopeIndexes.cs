using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Sluice.Store.Postgres;

/// <summary>Which scopes have an index of their own, as read from the catalog at most a minute ago. Not knowing of a new one costs time, never an answer.</summary>
internal sealed class ScopeIndexes(TimeProvider time)
{
    private static readonly TimeSpan s_trust = TimeSpan.FromMinutes(1);

    private HashSet<string> _names = [];
    private DateTimeOffset _readAt;

    public bool Has(SemanticProbe probe) => _names.Count > 0 && _names.Contains(Name(probe));

    public async ValueTask RefreshAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (time.GetUtcNow() - _readAt < s_trust)
            return;
        await using Rows rows = await new Commands(connection).Add(SemanticSql.Indexes).ReadAsync(cancellationToken);
        _names = [.. await rows.ListAsync(r => r.GetString(0), cancellationToken)];
        _readAt = time.GetUtcNow();
    }

    /// <summary>The next look-up reads the catalog.</summary>
    public void Forget() => _readAt = default;

    /// <summary>As sluice_index_scope names it. Two scopes of one name would share nothing but the name: the index says its scope itself.</summary>
    internal static string Name(SemanticProbe probe)
    {
        string scope = string.Join('\u001F', probe.Tenant, probe.Namespace, Convert.ToHexStringLower(probe.Fingerprint), probe.EmbedderId, probe.Embedding.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return "cache_scope_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(scope)))[..32];
    }
}
