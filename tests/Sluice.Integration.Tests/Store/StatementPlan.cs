using System.Text.Json;
using Microsoft.Extensions.Options;
using Sluice.Store.Postgres;
using Xunit;

namespace Sluice.Integration.Tests.Store;

/// <summary>How a statement went, as the database tells it.</summary>
internal static class StatementPlan
{
    /// <summary>As the service's own connections have it done.</summary>
    public static async Task<JsonDocument> ExplainAsync(PostgresDatabase database, string types, string statement, string values, string before)
    {
        await using Database connections = new(Options.Create(database.Options), TimeProvider.System);
        return JsonDocument.Parse(await connections.DispatchAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.All).Add(before)
                .Add($"prepare looked {types} as {statement}")
                .Add($"explain (analyze, format json) execute looked ({values})").ReadAsync(limit);
            return (await rows.ListAsync(row => row.GetString(0), limit))[0];
        }, TestContext.Current.CancellationToken));
    }

    /// <summary>Rows of a table that were read, whether they were wanted or not.</summary>
    public static double Visited(JsonDocument plan, string table) => Visited(plan.RootElement[0].GetProperty("Plan"), table);

    private static double Visited(JsonElement node, string table)
    {
        double rows = node.TryGetProperty("Relation Name", out JsonElement name) && name.GetString() == table
            ? (Number(node, "Actual Rows") + Number(node, "Rows Removed by Filter") + Number(node, "Rows Removed by Index Recheck")) * Number(node, "Actual Loops")
            : 0;
        return rows + (node.TryGetProperty("Plans", out JsonElement parts) ? parts.EnumerateArray().Sum(part => Visited(part, table)) : 0);
    }

    private static double Number(JsonElement node, string name) => node.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : 0;
}
