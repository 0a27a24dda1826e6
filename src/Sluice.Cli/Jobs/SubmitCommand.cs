using System.CommandLine;
using System.CommandLine.Parsing;
using Sluice.Jobs;

namespace Sluice.Cli.Jobs;

/// <summary><c>sluice submit</c>: one job, or a file of them; prints its id, or waits and prints its answer.</summary>
internal static class SubmitCommand
{
    // the service is asked to hold its answer this long, seconds, and no longer than --timeout; afterwards it is polled
    private const int HeldSeconds = 20;

    public static Command Create(Terminal terminal)
    {
        ServiceConnection service = new(terminal);
        SubmitArguments arguments = new();
        Option<string?> file = new Option<string?>("--file") { Description = "A JSONL file of jobs (or OpenAI batch lines) as one submission; other options are what lines take where they say nothing." }.NotEmpty();
        Option<string?> output = new Option<string?>("-o", "--output") { Description = "With --file and --wait: where the results go; lines without an answer go beside it, to NAME.errors.jsonl." }.NotEmpty();
        Option<bool> keep = new("--keep-incomplete") { Description = "With --file: an upload that breaks off keeps what came, and lines run while others still come." };
        Option<string?> idempotencyKey = new("--idempotency-key") { Description = "The same key and request make one job, however often it is sent." };
        Option<bool> wait = new("--wait") { Description = "Wait for the end and print the answer; exit 1 unless everything succeeded." };
        Option<double?> timeout = WatchCommand.TimeoutOption();
        Option<bool> json = new("--json") { Description = "Print the job, or the submission, as one object." };
        Command command = new("submit", "Submit a job, or a file of jobs.") { file, output, keep, idempotencyKey, wait, timeout, json };
        arguments.AddTo(command);
        service.AddTo(command);
        command.Validators.Add(result => Check(result, arguments, file, output, keep, wait));
        command.SetAction(async (parse, cancellationToken) =>
        {
            using ServiceClient client = service.Open(parse);
            bool waits = parse.GetValue(wait), prints = parse.GetValue(json);
            if (parse.GetValue(file) is { } path)
            {
                Dictionary<string, string?> settings = new(arguments.Defaults(parse)) { ["on_broken"] = parse.GetValue(keep) ? "keep" : null };
                ServiceAnswer stored = await FileUpload.RunAsync(client, path, settings, parse.GetValue(idempotencyKey), cancellationToken);
                if (waits)
                {
                    return await new SubmissionWatch(client, parse.GetValue(timeout), prints).RunAsync(stored, parse.GetValue(output), cancellationToken);
                }
                await terminal.Out.WriteLineAsync(prints ? stored.Body : ServiceClient.ReadSubmission(stored).Id);
                return ExitCode.Done;
            }
            JobRequest job = await arguments.ReadAsync(parse, terminal, cancellationToken);
            JobWatch watch = new(client, parse.GetValue(timeout), prints);
            ServiceAnswer answer = await client.SubmitAsync(job, parse.GetValue(idempotencyKey), waits ? Held(parse.GetValue(timeout)) : null, cancellationToken);
            if (waits)
            {
                return await watch.RunAsync(answer, cancellationToken);
            }
            await terminal.Out.WriteLineAsync(prints ? answer.Body : ServiceClient.ReadJob(answer).Id.ToString());
            return ExitCode.Done;
        });
        return command;
    }

    // whole seconds are all that the header can say
    private static int? Held(double? timeout) => timeout switch
    {
        null => HeldSeconds,
        < 1 => null,
        { } seconds => (int)Math.Min(HeldSeconds, seconds),
    };

    private static void Check(CommandResult result, SubmitArguments arguments, Option<string?> file, Option<string?> output, Option<bool> keep, Option<bool> wait)
    {
        bool whole = result.GetValue(file) is not null;
        foreach (string message in arguments.Faults(result, whole))
        {
            result.AddError(message);
        }
        if (!whole && (result.GetValue(output) is not null || result.GetValue(keep)))
        {
            result.AddError("--output and --keep-incomplete go with --file.");
        }
        else if (result.GetValue(output) is not null && !result.GetValue(wait))
        {
            result.AddError("--output goes with --wait.");
        }
    }
}
