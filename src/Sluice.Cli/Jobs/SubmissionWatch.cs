using System.Globalization;
using Sluice.Jobs;
using Spectre.Console;

namespace Sluice.Cli.Jobs;

/// <summary>Polls a submission to its end as often as the service asks for: a bar where a person watches, a line per change of state elsewhere.</summary>
internal sealed class SubmissionWatch(ServiceClient client, double? timeoutSeconds, bool json)
{
    private static readonly TimeSpan _usual = TimeSpan.FromSeconds(1);
    private readonly Terminal _terminal = client.Terminal;

    /// <summary>Done when every line succeeded; failed when one did not, or the time is over.</summary>
    public async Task<int> RunAsync(ServiceAnswer first, string? output, CancellationToken cancellationToken)
    {
        ServiceAnswer last = _terminal.Interactive ? await DrawAsync(first, cancellationToken) : await PollAsync(first, Say, cancellationToken);
        SubmissionView submission = ServiceClient.ReadSubmission(last);
        if (output is not null && submission.Outcome is not null)
        {
            await SaveAsync(submission, output, cancellationToken);
        }
        await _terminal.Out.WriteLineAsync(json ? last.Body : Describe(submission));
        if (submission.Outcome is null)
        {
            throw new CommandFailedException(ExitCode.Failed, $"{submission.Id} is still {JobPrinter.Name(submission.State)} after {timeoutSeconds!.Value.ToString(CultureInfo.InvariantCulture)} s.");
        }
        return submission.Outcome == SubmissionOutcome.Succeeded ? ExitCode.Done : ExitCode.Failed;
    }

    public static string Describe(SubmissionView submission)
    {
        SubmissionCountsView counts = submission.Counts;
        string state = submission.Outcome is { } outcome ? Outcome(outcome) : JobPrinter.Name(submission.State);
        return string.Create(CultureInfo.InvariantCulture,
            $"{submission.Id} {state}: {counts.Lines} lines, {counts.Succeeded} succeeded, {counts.Failed} failed, {counts.Expired} expired, {counts.Cancelled} cancelled, {counts.Invalid} invalid{(submission.Eta is { } eta ? $", expected at {JobPrinter.Time(eta)}" : "")}");
    }

    /// <summary>Beside the results, where there are any: <c>out.jsonl</c> and <c>out.errors.jsonl</c>.</summary>
    public static string ErrorsPath(string output) => Path.ChangeExtension(output, null) + ".errors" + Path.GetExtension(output);

    private async Task SaveAsync(SubmissionView submission, string output, CancellationToken cancellationToken)
    {
        await client.DownloadAsync($"v1/submissions/{submission.Id}/results", output, cancellationToken);
        if (submission.Counts.Succeeded < submission.Counts.Lines)
        {
            await client.DownloadAsync($"v1/submissions/{submission.Id}/errors", ErrorsPath(output), cancellationToken);
        }
    }

    private void Say(SubmissionView submission) => _terminal.Error.WriteLine(Describe(submission));

    private async Task<ServiceAnswer> DrawAsync(ServiceAnswer first, CancellationToken cancellationToken) => await _terminal.Progress().Progress()
        .Columns(new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
        .StartAsync(context =>
        {
            ProgressTask bar = context.AddTask("asking");
            return PollAsync(
                first,
                submission =>
                {
                    SubmissionCountsView counts = submission.Counts;
                    (bar.MaxValue, bar.Value) = (Math.Max(1, counts.Lines), counts.Lines - counts.Pending);
                    bar.Description = string.Create(CultureInfo.InvariantCulture, $"{counts.Lines - counts.Pending:N0}/{counts.Lines:N0} lines, {counts.Failed + counts.Expired + counts.Invalid:N0} errors{(submission.Eta is { } eta ? $", until about {eta.LocalDateTime:HH:mm:ss}" : "")}");
                },
                cancellationToken);
        });

    private async Task<ServiceAnswer> PollAsync(ServiceAnswer answer, Action<SubmissionView> show, CancellationToken cancellationToken)
    {
        long start = _terminal.Time.GetTimestamp();
        SubmissionState? said = null;
        while (true)
        {
            SubmissionView submission = ServiceClient.ReadSubmission(answer);
            if (submission.State != said || _terminal.Interactive) show(submission);
            said = submission.State;
            bool ended = submission.Outcome is not null && submission.Counts.Pending == 0;
            if (ended || _terminal.Time.GetElapsedTime(start).TotalSeconds >= timeoutSeconds) return answer;
            await Task.Delay(answer.RetryAfter is { } asked && asked < _usual ? asked : _usual, _terminal.Time, cancellationToken);
            answer = await client.GetAsync($"v1/submissions/{submission.Id}", cancellationToken);
        }
    }

    private static string Outcome(SubmissionOutcome outcome) => outcome switch
    {
        SubmissionOutcome.PartlyFailed => "partly failed",
        SubmissionOutcome.AllFailed => "all failed",
        _ => JobPrinter.Name(outcome),
    };
}
