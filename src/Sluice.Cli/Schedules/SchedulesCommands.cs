using System.CommandLine;
using Sluice.Cli.Jobs;
using Sluice.Service.Schedules;

namespace Sluice.Cli.Schedules;

/// <summary><c>sluice schedules</c>: list, create, show, run, pause, resume, delete.</summary>
internal static class SchedulesCommands
{
    public static Command Create(Terminal terminal) => new("schedules", "Look after schedules: jobs made by the clock.")
    {
        List(terminal),
        New(terminal),
        OnOne(terminal, "show", "Show a schedule, its next times and its last runs.", (client, id, ct) => client.GetAsync($"v1/schedules/{id}", ct), Details),
        OnOne(terminal, "run", "Run a schedule now; prints what becomes of it.", (client, id, ct) => client.PostAsync($"v1/schedules/{id}/run", ct), Ran),
        OnOne(terminal, "pause", "Stop firing by the clock.", (client, id, ct) => client.PostAsync($"v1/schedules/{id}/pause", ct), Said),
        OnOne(terminal, "resume", "Fire by the clock again, from now on.", (client, id, ct) => client.PostAsync($"v1/schedules/{id}/resume", ct), Said),
        Delete(terminal),
    };

    private static Command List(Terminal terminal)
    {
        ServiceConnection service = new(terminal);
        Option<bool> json = new("--json") { Description = "Print the list as one object." };
        Command command = new("list", "List schedules by name, with their next times.") { json };
        service.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            using ServiceClient client = service.Open(parse);
            ServiceAnswer answer = await client.GetAsync("v1/schedules", cancellationToken);
            if (parse.GetValue(json)) await terminal.Out.WriteLineAsync(answer.Body);
            else SchedulePrinter.Page(ServiceClient.Read(answer, ScheduleJson.Default.SchedulePage), terminal);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command New(Terminal terminal)
    {
        ServiceConnection service = new(terminal);
        Argument<string> file = new Argument<string>("FILE") { Description = "The schedule as JSON, as POST /v1/schedules takes it; - for standard input." }.NotEmpty();
        Option<bool> json = new("--json") { Description = "Print the schedule as one object." };
        Command command = new("create", "Make a schedule; prints its id.") { file, json };
        service.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            using ServiceClient client = service.Open(parse);
            string path = parse.GetRequiredValue(file);
            string body = path == "-" ? await terminal.In.ReadToEndAsync(cancellationToken) : await File.ReadAllTextAsync(path, cancellationToken);
            ServiceAnswer answer = await client.PostAsync("v1/schedules", body, cancellationToken);
            await terminal.Out.WriteLineAsync(parse.GetValue(json) ? answer.Body : ServiceClient.Read(answer, ScheduleJson.Default.ScheduleView).Id);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command OnOne(
        Terminal terminal, string name, string description, Func<ServiceClient, string, CancellationToken, Task<ServiceAnswer>> call, Action<ServiceAnswer, Terminal> print)
    {
        ServiceConnection service = new(terminal);
        Argument<string> id = IdArgument();
        Option<bool> json = new("--json") { Description = "Print the answer as one object." };
        Command command = new(name, description) { id, json };
        service.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            using ServiceClient client = service.Open(parse);
            ServiceAnswer answer = await call(client, Uri.EscapeDataString(parse.GetRequiredValue(id)), cancellationToken);
            if (parse.GetValue(json)) await terminal.Out.WriteLineAsync(answer.Body);
            else print(answer, terminal);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Delete(Terminal terminal)
    {
        ServiceConnection service = new(terminal);
        Argument<string> id = IdArgument();
        Option<bool> json = new("--json") { Description = "Print what was deleted as one object." };
        Command command = new("delete", "Remove a schedule; runs under way go on.") { id, json };
        service.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            using ServiceClient client = service.Open(parse);
            string schedule = parse.GetRequiredValue(id);
            await client.DeleteAsync($"v1/schedules/{Uri.EscapeDataString(schedule)}", cancellationToken);
            await terminal.Out.WriteLineAsync(parse.GetValue(json) ? $$"""{"id":"{{schedule}}","deleted":true}""" : $"{schedule} deleted");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>An id or a name; any other text is wrong usage.</summary>
    private static Argument<string> IdArgument()
    {
        Argument<string> id = new("SCHEDULE") { Description = "Its id or its name." };
        id.Validators.Add(result =>
        {
            string text = result.GetValueOrDefault<string?>() ?? "";
            if (text.Length is 0 or > 64 || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')) result.AddError($"SCHEDULE: expected an id or a name, found '{text}'.");
        });
        return id;
    }

    private static void Details(ServiceAnswer answer, Terminal terminal) => SchedulePrinter.Details(ServiceClient.Read(answer, ScheduleJson.Default.ScheduleView), terminal);

    private static void Ran(ServiceAnswer answer, Terminal terminal)
    {
        ScheduleRunView run = ServiceClient.Read(answer, ScheduleJson.Default.ScheduleRunView);
        terminal.Out.WriteLine(run.Error is { } error ? $"{run.State}: {error.Message}" : run.State);
    }

    private static void Said(ServiceAnswer answer, Terminal terminal)
    {
        ScheduleView schedule = ServiceClient.Read(answer, ScheduleJson.Default.ScheduleView);
        terminal.Out.WriteLine(schedule.Paused ? $"{schedule.Name} paused" : $"{schedule.Name} fires next at {SchedulePrinter.Time(schedule.NextFireTimes.Count > 0 ? schedule.NextFireTimes[0] : null)}");
    }
}
