using Sluice.Service.Intake;

namespace Sluice.Service.Schedules;

/// <summary>What sources and sinks must keep: a kind, the fields of that kind and no others, places that the tenant may name.</summary>
internal sealed class PlaceRules(NamedConnections connections, ScheduleOptions options)
{
    public const int MaxQuery = 32_768;
    public const int MaxColumns = 64;

    public void Check(string tenant, SourceSpec? source, RequestErrors errors)
    {
        switch (source?.Type)
        {
            case null:
                if (!errors.All.Any(e => e.Field.StartsWith("source", StringComparison.Ordinal)))
                {
                    errors.Required("source");
                }
                return;
            case "jsonl":
                Absent(errors, "jsonl", ("source.connection", source.Connection), ("source.query", source.Query));
                CheckPath("source.path", source.Path, errors);
                if (source.Key is "" or { Length: > 255 })
                {
                    errors.Add("source.key", $"source.key must have 1 to 255 characters; it has {source.Key.Length}.");
                }
                errors.Text("source.key", source.Key);
                return;
            case "sql":
                Absent(errors, "sql", ("source.path", source.Path));
                CheckConnection(tenant, "source.connection", source.Connection, sink: false, errors);
                CheckQuery(source.Query, errors);
                CheckName("source.key", source.Key, errors);
                return;
            default:
                errors.Add("source.type", $"source.type must be one of 'jsonl', 'sql'; got {TextRules.Quote(source.Type)}.");
                return;
        }
    }

    public void Check(string tenant, SinkSpec sink, SourceSpec? source, RequestErrors errors)
    {
        switch (sink.Type)
        {
            case "results":
                Absent(errors, "results", ("sink.path", sink.Path), ("sink.connection", sink.Connection), ("sink.table", sink.Table), ("sink.key_column", sink.KeyColumn), ("sink.mode", sink.Mode), ("sink.columns", sink.Columns));
                return;
            case "jsonl":
                Absent(errors, "jsonl", ("sink.connection", sink.Connection), ("sink.table", sink.Table), ("sink.key_column", sink.KeyColumn), ("sink.mode", sink.Mode), ("sink.columns", sink.Columns));
                CheckPath("sink.path", sink.Path, errors);
                if (sink.Path is not null && sink.Path == source?.Path)
                {
                    errors.Add("sink.path", "sink.path must not be source.path.");
                }
                return;
            case "table":
                Absent(errors, "table", ("sink.path", sink.Path));
                CheckTable(tenant, sink, source, errors);
                return;
            default:
                errors.Add("sink.type", $"sink.type must be one of 'results', 'jsonl', 'table'; got {TextRules.Quote(sink.Type)}.");
                return;
        }
    }

    private void CheckTable(string tenant, SinkSpec sink, SourceSpec? source, RequestErrors errors)
    {
        CheckConnection(tenant, "sink.connection", sink.Connection, sink: true, errors);
        if (string.IsNullOrEmpty(sink.Table))
        {
            errors.Required("sink.table");
        }
        else if (!Identifiers.TryQuoteTable(sink.Table, out _, out string? fault))
        {
            errors.Add("sink.table", $"sink.table {fault}; got {TextRules.Quote(sink.Table)}.");
        }
        CheckName("sink.key_column", sink.KeyColumn, errors);
        if (source is { Type: "jsonl", Key: null })
        {
            errors.Required("source.key", "is required where answers go to a table");
        }
        if (sink.Mode is not (null or "upsert" or "append"))
        {
            errors.Add("sink.mode", $"sink.mode must be one of 'upsert', 'append'; got {TextRules.Quote(sink.Mode)}.");
        }
        int count = sink.Columns?.Count ?? 0;
        if (count is 0 or > MaxColumns)
        {
            errors.Add("sink.columns", $"sink.columns must have 1 to {MaxColumns} columns; got {count}.", count == 0 ? "required" : "too_long");
            return;
        }
        foreach ((string column, string value) in sink.Columns!)
        {
            string field = $"sink.columns.{column}";
            if (Identifiers.Fault(column) is string unusable)
            {
                errors.Add(TextRules.Quote(field).Trim('\''), $"A column's name {unusable}; got {TextRules.Quote(column)}.");
            }
            else if (column == sink.KeyColumn)
            {
                errors.Add(field, $"{field} is the key's column.");
            }
            if (!SinkValues.Names.Contains(value))
            {
                errors.Add(TextRules.Quote(field).Trim('\''), $"A column's value must be one of {string.Join(", ", SinkValues.Names.Select(name => $"'{name}'"))}; got {TextRules.Quote(value)}.");
            }
        }
        if (sink.Mode == "append" && sink.Columns.Values.Count(value => value == SinkValues.Submission) != 1)
        {
            errors.Add("sink.columns", "sink.columns must give one column 'submission' where sink.mode is 'append'.");
        }
    }

    private void CheckPath(string field, string? path, RequestErrors errors)
    {
        if (options.FilesRoot is null)
        {
            errors.NotSupported(field, "this service has no folder for files; its operator sets Schedules:FilesRoot.");
        }
        else if (path is null)
        {
            errors.Required(field);
        }
        else if (TenantFiles.Fault(path) is string fault)
        {
            errors.Add(field, $"{field} {fault}; got {TextRules.Quote(path)}.");
        }
        errors.Text(field, path);
    }

    private void CheckConnection(string tenant, string field, string? name, bool sink, RequestErrors errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(field);
        }
        else if (!connections.Has(tenant, name, sink))
        {
            string known = connections.Names(tenant, sink) is { Count: > 0 } names ? string.Join(", ", names.Select(n => $"'{n}'")) : "none is configured (Schedules:Connections)";
            errors.Add(field, $"{field} {TextRules.Quote(name)} is no connection{(sink ? " to write to" : "")}; known: {known}.", "unknown_connection");
        }
    }

    private static void CheckQuery(string? query, RequestErrors errors)
    {
        if (string.IsNullOrWhiteSpace(query))
        {
            errors.Required("source.query");
        }
        else if (query.Length > MaxQuery)
        {
            errors.Add("source.query", $"source.query may have at most {MaxQuery} characters; it has {query.Length}.", "too_long");
        }
        errors.Text("source.query", query);
    }

    private static void CheckName(string field, string? name, RequestErrors errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(field);
        }
        else if (Identifiers.Fault(name) is string fault)
        {
            errors.Add(field, $"{field} {fault}; got {TextRules.Quote(name)}.");
        }
    }

    private static void Absent(RequestErrors errors, string type, params ReadOnlySpan<(string Field, object? Value)> fields)
    {
        foreach ((string field, object? value) in fields)
        {
            if (value is not null)
            {
                errors.Add(field, $"{field} does not belong to type '{type}'.");
            }
        }
    }
}
