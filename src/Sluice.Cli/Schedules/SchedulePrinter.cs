using System.Globalization;
using Sluice.Service.Schedules;
using Spectre.Console;

namespace Sluice.Cli.Schedules;

/// <summary>Schedules for people.</summary>
internal static class SchedulePrinter
{
    public static void Page(SchedulePage page, Terminal terminal)
    {
        Table table = new Table().AddColumns("name", "cron", "zone", "source", "sink", "last", "next");
        foreach (ScheduleView schedule in page.Data)
        {
            table.AddRow(
                Cell(schedule.Name), Cell(schedule.Cron), Cell(schedule.TimeZone), Cell(Place(schedule.Source)), Cell(Place(schedule.Sink)),
                Cell(Time(schedule.LastFireTime)), Cell(schedule.Paused ? "paused" : Time(schedule.NextFireTimes.Count > 0 ? schedule.NextFireTimes[0] : null)));
        }
        terminal.Tables().Write(table);
    }

    public static void Details(ScheduleView schedule, Terminal terminal)
    {
        Grid grid = new Grid().AddColumn().AddColumn();
        Add("id", schedule.Id);
        Add("name", schedule.Name);
        Add("fires", $"{schedule.Cron} in {schedule.TimeZone}");
        Add("source", Place(schedule.Source));
        Add("model", schedule.Request.Model);
        Add("finish", schedule.FinishBy is { } by ? $"by {by}" : schedule.FinishWithin is { } within ? $"within {within.ToString(CultureInfo.InvariantCulture)} s" : null);
        Add("sink", Place(schedule.Sink));
        Add("policies", $"overlap {schedule.Overlap}, misfire {schedule.Misfire}");
        Add("next", schedule.Paused ? "paused" : string.Join(", ", schedule.NextFireTimes.Select(time => Time(time))));
        terminal.Tables().Write(grid);
        if (schedule.Runs is not { Count: > 0 } runs) return;
        Table table = new Table().AddColumns("run", "state", "rows", "delivered", "on time", "submission", "error");
        foreach (ScheduleRunView run in runs)
        {
            table.AddRow(
                Cell(run.Manual ? $"{Time(run.FireTime)} (by hand)" : Time(run.FireTime)), Cell(run.State), Cell(run.Rows), Cell(run.Delivered),
                Cell(OnTime(run)), Cell(run.Submission), Cell(run.Error?.Message));
        }
        terminal.Tables().Write(table);

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) grid.AddRow(new Text(name), new Text(value));
        }
    }

    /// <summary>As it came, or as it looks while the run is under way.</summary>
    public static string OnTime(ScheduleRunView run) => (run.LateBy, run.Outlook, run.OnTime) switch
    {
        ({ } late, _, _) => $"late by {Duration(late)}",
        (_, "on_track", _) => "on track",
        (_, _, true) => "yes",
        (_, _, false) => "late",
        _ => "",
    };

    private static string Duration(double seconds) => TimeSpan.FromSeconds(seconds) switch
    {
        { TotalMinutes: < 1 } span => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.#} s"),
        { TotalHours: < 1 } span => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:0.#} min"),
        var span => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours} h {span.Minutes} min"),
    };

    public static string? Time(DateTimeOffset? time) => time is { } at && at != default ? at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) : null;

    private static string Place(SourceSpec source) => source.Type == "sql" ? $"query on {source.Connection}" : source.Path ?? source.Type;

    private static string Place(SinkSpec sink) => sink.Type switch
    {
        "table" => $"{sink.Table} on {sink.Connection}",
        "jsonl" => sink.Path ?? "",
        _ => sink.Type,
    };

    private static Text Cell(object? value) => new(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
}
