using System.CommandLine;
using System.Globalization;
using Sluice.Jobs;

namespace Sluice.Cli.Jobs;

/// <summary><c>sluice jobs</c>: list, get, cancel, retry, delete.</summary>
internal static class JobsCommands
{
    public static Command Create(Terminal terminal) => new("jobs", "Look after jobs.")
    {
        List(terminal),
        OnOne(terminal, "get", "Show a job.", (client, id, ct) => client.GetAsync($"v1/jobs/{id}", ct), JobPrinter.Details),
        OnOne(terminal, "cancel", "Cancel a job that has not ended.", (client, id, ct) => client.PostAsync($"v1/jobs/{id}/cancel", ct), SayState),
        OnOne(terminal, "retry", "A new job from the request of a finished one; prints its id.", (client, id, ct) => client.PostAsync($"v1/jobs/{id}/retry", ct), SayId),
        Delete(terminal),
    };

    private static Command List(Terminal terminal)
    {
        ServiceConnection service = new(terminal);
        Option<string?> state = new("--state") { Description = "Only jobs in this state." };
        state.AcceptOnlyFromAmong([.. Enum.GetNames<JobState>().Select(n => n.ToLowerInvariant())]);
        Option<string?> submission = new("--submission") { Description = "Only jobs of this submission." };
        Option<string?> after = new("--after") { Description = "The page after this cursor." };
        Option<int?> limit = new("--limit") { Description = "Most jobs of a page." };
        Option<bool> json = new("--json") { Description = "Print the page as one object." };
        Command command = new("list", "List jobs, newest first.") { state, submission, after, limit, json };
        service.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            using ServiceClient client = service.Open(parse);
            (string, string?)[] filters =
            [
                ("state", parse.GetValue(state)), ("submission", parse.GetValue(submission)), ("after", parse.GetValue(after)), ("limit", parse.GetValue(limit)?.ToString(CultureInfo.InvariantCulture)),
            ];
            string query = string.Join('&', filters.Where(f => f.Item2 is not null).Select(f => $"{f.Item1}={Uri.EscapeDataString(f.Item2!)}"));
            ServiceAnswer answer = await client.GetAsync(query.Length > 0 ? $"v1/jobs?{query}" : "v1/jobs", cancellationToken);
            if (parse.GetValue(json)) await terminal.Out.WriteLineAsync(answer.Body);
            else JobPrinter.Page(ServiceClient.ReadPage(answer), terminal);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command OnOne(
        Terminal terminal, string name, string description, Func<ServiceClient, string, CancellationToken, Task<ServiceAnswer>> call, Action<JobView, Terminal> print)
    {
        ServiceConnection service = new(terminal);
        Argument<string> id = WatchCommand.IdArgument();
        Option<bool> json = new("--json") { Description = "Print the job as one object." };
        Command command = new(name, description) { id, json };
        service.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            using ServiceClient client = service.Open(parse);
            ServiceAnswer answer = await call(client, parse.GetRequiredValue(id), cancellationToken);
            if (parse.GetValue(json)) await terminal.Out.WriteLineAsync(answer.Body);
            else print(ServiceClient.ReadJob(answer), terminal);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Delete(Terminal terminal)
    {
        ServiceConnection service = new(terminal);
        Argument<string> id = WatchCommand.IdArgument();
        Option<bool> json = new("--json") { Description = "Print what was erased as one object." };
        Command command = new("delete", "Erase what was asked and answered, cache entry and embedding included.") { id, json };
        service.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            using ServiceClient client = service.Open(parse);
            string job = parse.GetRequiredValue(id);
            await client.DeleteAsync($"v1/jobs/{job}", cancellationToken);
            await terminal.Out.WriteLineAsync(parse.GetValue(json) ? $$"""{"id":"{{job}}","erased":true}""" : $"{job} erased");
            return ExitCode.Done;
        });
        return command;
    }

    private static void SayState(JobView job, Terminal terminal) => terminal.Out.WriteLine($"{job.Id} {JobPrinter.Describe(job)}");

    private static void SayId(JobView job, Terminal terminal) => terminal.Out.WriteLine(job.Id);
}
