using System.CommandLine;
using Sluice.Jobs;

namespace Sluice.Cli.Jobs;

/// <summary><c>sluice watch ID</c>: says every change of state until the end, then prints the answer.</summary>
internal static class WatchCommand
{
    public static Command Create(Terminal terminal)
    {
        ServiceConnection service = new(terminal);
        Argument<string> id = IdArgument(submissions: true);
        Option<double?> timeout = TimeoutOption();
        Option<bool> json = new("--json") { Description = "Print the job as one object when it has ended." };
        Command command = new("watch", "Watch a job or a submission until its end; exit 1 unless it succeeds.") { id, timeout, json };
        service.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            using ServiceClient client = service.Open(parse);
            if (parse.GetRequiredValue(id) is { } found && IsSubmission(found))
            {
                ServiceAnswer submission = await client.GetAsync($"v1/submissions/{found}", cancellationToken);
                return await new SubmissionWatch(client, parse.GetValue(timeout), parse.GetValue(json)).RunAsync(submission, null, cancellationToken);
            }
            ServiceAnswer answer = await client.GetAsync($"v1/jobs/{parse.GetRequiredValue(id)}", cancellationToken);
            return await new JobWatch(client, parse.GetValue(timeout), parse.GetValue(json)).RunAsync(answer, cancellationToken);
        });
        return command;
    }

    public static Option<double?> TimeoutOption()
    {
        Option<double?> timeout = new("--timeout") { Description = "Stop waiting after so many seconds, exit 1; the job goes on.", HelpName = "SECONDS" };
        timeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is { } seconds && !(seconds > 0 && seconds <= 1e9)) result.AddError($"--timeout: expected more than 0 seconds, up to 1e9, found {seconds}.");
        });
        return timeout;
    }

    /// <summary>A job's id; any other text is wrong usage.</summary>
    public static Argument<string> IdArgument(bool submissions = false)
    {
        Argument<string> id = new("ID") { Description = submissions ? "job_ or sub_, and 32 hex digits." : "job_ and 32 hex digits." };
        id.Validators.Add(result =>
        {
            string? text = result.GetValueOrDefault<string?>();
            if (!JobId.TryParse(text, out _) && !(submissions && IsSubmission(text))) result.AddError($"ID: expected job_ and 32 hex digits, found '{text}'.");
        });
        return id;
    }

    private static bool IsSubmission(string? text) =>
        text is not null && text.StartsWith("sub_", StringComparison.Ordinal) && Guid.TryParseExact(text.AsSpan(4), "N", out _);
}
