using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sluice.Store.Checking;

/// <summary>
/// What callers and receivers saw, told by themselves: JSON lines, in the order of what happened. Fields by event: <c>submitted</c> tenant, key, expect (SHA-256 in hex of the
/// right answer; where it is known), webhook; <c>accepted</c> tenant, key, id; <c>confirmed</c> (by the broker) and <c>ambiguous</c> (no answer) and <c>rejected</c> tenant, key;
/// <c>result</c> id, state, answer (SHA-256 in hex); <c>webhook</c> id (<c>evt_…</c>), job, type, body (SHA-256 in hex), verified; <c>canary</c> tenant, text. An answer's
/// hash is over the texts of its outputs, joined by a line feed.
/// </summary>
public sealed class ClientLog
{
    /// <summary>Whose a line without tenant is.</summary>
    public const string DefaultTenant = "default";

    internal List<LogLine> Lines { get; } = [];

    /// <summary>Throws <see cref="FormatException"/> naming the line that cannot be used.</summary>
    public static async Task<ClientLog> ReadAsync(TextReader reader, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ClientLog log = new();
        for (int number = 1; await reader.ReadLineAsync(cancellationToken) is { } text; number++)
        {
            if (text.Length == 0)
                continue;
            try
            {
                LogLine line = JsonSerializer.Deserialize(text, ClientLogJson.Default.LogLine) ?? throw new JsonException("It is null.");
                if (line.Missing() is { } field)
                    throw new JsonException($"An event '{line.Event}' needs '{field}'.");
                log.Lines.Add(line);
            }
            catch (JsonException fault)
            {
                throw new FormatException($"line {number}: {fault.Message}", fault);
            }
        }
        return log;
    }
}

/// <summary>One line; which members count depends on the event. Set, not init: what a line leaves out keeps its default.</summary>
internal sealed record LogLine
{
    public string Event { get; set; } = "";
    public string Tenant { get; set; } = ClientLog.DefaultTenant;
    public string? Key { get; set; }
    public string? Id { get; set; }
    public string? Expect { get; set; }
    public bool Webhook { get; set; }
    public string? State { get; set; }
    public string? Answer { get; set; }
    public string? Job { get; set; }
    public string? Type { get; set; }
    public string? Body { get; set; }
    public bool Verified { get; set; } = true;
    public string? Text { get; set; }

    /// <summary>The member that this event lacks, or null.</summary>
    public string? Missing() => Event switch
    {
        "submitted" or "confirmed" or "ambiguous" or "rejected" => Key is null ? "key" : null,
        "accepted" => Key is null ? "key" : Id is null ? "id" : null,
        "result" => Id is null ? "id" : State is null ? "state" : null,
        "webhook" => Id is null ? "id" : Job is null ? "job" : Type is null ? "type" : Body is null ? "body" : null,
        "canary" => Text is null ? "text" : null,
        _ => throw new JsonException($"'{Event}' is no event: submitted, accepted, confirmed, ambiguous, rejected, result, webhook, canary."),
    };
}

/// <summary>Snake case; fields that are not known are left alone, so that a log may say more.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LogLine))]
internal sealed partial class ClientLogJson : JsonSerializerContext;
