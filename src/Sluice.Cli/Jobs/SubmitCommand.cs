using System.CommandLine;

namespace Sluice.Cli.Jobs;

/// <summary><c>sluice submit</c>: one job; prints its id, or waits and prints its answer.</summary>
internal static class SubmitCommand
{
    // the service is asked to hold its answer this long, seconds; afterwards it is polled
    private const int HeldSeconds = 20;

    public static Command Create(Terminal terminal)
    {
        ServiceConnection service = new(terminal);
        SubmitArguments arguments = new();
        Option<string?> idempotencyKey = new("--idempotency-key") { Description = "The same key and request make one job, however often it is sent." };
        Option<bool> wait = new("--wait") { Description = "Wait for the end and print the answer; exit 1 unless the job succeeds." };
        Option<double?> timeout = WatchCommand.TimeoutOption();
        Option<bool> json = new("--json") { Description = "Print the job as one object." };
        Command command = new("submit", "Submit a job.") { idempotencyKey, wait, timeout, json };
        arguments.AddTo(command);
        service.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            using ServiceClient client = service.Open(parse);
            bool waits = parse.GetValue(wait);
            ServiceAnswer answer = await client.SubmitAsync(
                await arguments.ReadAsync(parse, terminal, cancellationToken), parse.GetValue(idempotencyKey), waits ? HeldSeconds : null, cancellationToken);
            if (waits)
            {
                return await new JobWatch(client, parse.GetValue(timeout), parse.GetValue(json)).RunAsync(answer, cancellationToken);
            }
            await terminal.Out.WriteLineAsync(parse.GetValue(json) ? answer.Body : ServiceClient.ReadJob(answer).Id.ToString());
            return ExitCode.Done;
        });
        return command;
    }
}
