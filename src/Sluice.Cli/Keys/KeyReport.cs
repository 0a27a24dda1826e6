using System.Text.Json.Serialization;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Cli.Keys;

/// <summary>A key as it is printed.</summary>
/// <param name="Id">What <c>sluice keys revoke</c> takes.</param>
/// <param name="Tenant">Whose it is.</param>
/// <param name="Scopes">What it may do, lower case.</param>
/// <param name="Name">As given.</param>
/// <param name="CreatedAt">RFC 3339, UTC.</param>
internal sealed record KeyReport(string Id, string Tenant, IReadOnlyList<string> Scopes, string? Name, string CreatedAt)
{
    /// <summary>The key itself, only when it is made.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Key { get; init; }

    public static KeyReport Of(ApiKey key)
    {
        string[] scopes = [.. Enum.GetValues<KeyScopes>()
            .Where(scope => scope is KeyScopes.Submit or KeyScopes.Read or KeyScopes.Admin && key.Scopes.HasFlag(scope))
            .Select(scope => scope.ToString().ToLowerInvariant())];
        return new KeyReport(key.Id, key.Tenant, scopes, key.Name, JobTimes.Text(key.CreatedAt));
    }
}

/// <summary>All keys, newest first.</summary>
internal sealed record KeyList(IReadOnlyList<KeyReport> Data);
