using System.Text.Json.Serialization;

namespace Sluice.Service.Schedules;

/// <summary>Where a schedule's rows come from.</summary>
internal sealed record SourceSpec
{
    /// <summary><c>jsonl</c> or <c>sql</c>.</summary>
    public required string Type { get; init; }

    /// <summary>jsonl: below the tenant's folder of <c>Schedules:FilesRoot</c>.</summary>
    public string? Path { get; init; }

    /// <summary>sql: a name of <c>Schedules:Connections</c>.</summary>
    public string? Connection { get; init; }

    /// <summary>sql: one SELECT. <c>firing.fire_time</c> and <c>firing.previous_fire_time</c> may be asked for: <c>(select fire_time from firing)</c>; the previous is that of the last run that did its work.</summary>
    public string? Query { get; init; }

    /// <summary>The field that tells rows apart: their custom_id. sql: required, unique, never null; rows are read in its order. jsonl: line numbers where absent.</summary>
    public string? Key { get; init; }
}

/// <summary>Where a schedule's answers go.</summary>
internal sealed record SinkSpec
{
    /// <summary><c>results</c> (the submission's own, over HTTP), <c>jsonl</c> or <c>table</c>.</summary>
    public string Type { get; init; } = "results";

    /// <summary>jsonl: below the tenant's folder; <c>{fire_time}</c>, <c>{date}</c> and <c>{submission}</c> are filled in.</summary>
    public string? Path { get; init; }

    /// <summary>table: a name of <c>Schedules:Connections</c> that may be written to.</summary>
    public string? Connection { get; init; }

    /// <summary>table: <c>table</c> or <c>schema.table</c>.</summary>
    public string? Table { get; init; }

    /// <summary>table: the column for the source's key. Unique, alone (upsert) or with the submission's column (append).</summary>
    public string? KeyColumn { get; init; }

    /// <summary>table: column to what goes into it; see <see cref="SinkValues"/>.</summary>
    public IReadOnlyDictionary<string, string>? Columns { get; init; }

    /// <summary>table: <c>upsert</c> keeps a row per key, the latest run's; <c>append</c> a row per key and submission.</summary>
    public string? Mode { get; init; }
}

/// <summary>A schedule's source, request and sink as they are stored.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SourceSpec))]
[JsonSerializable(typeof(SinkSpec))]
[JsonSerializable(typeof(FileCursor))]
internal sealed partial class SpecJson : JsonSerializerContext;
