using System.Globalization;
using Sluice.Jobs;
using Spectre.Console;

namespace Sluice.Cli.Jobs;

/// <summary>Polls a job to its end as often as the service asks for; its time runs from when it is made. Changes of state go to the error stream, the answer to the output.</summary>
internal sealed class JobWatch(ServiceClient client, double? timeoutSeconds, bool json)
{
    private static readonly TimeSpan _shortest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _usual = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(30);

    private readonly Terminal _terminal = client.Terminal;
    private readonly long _start = client.Terminal.Time.GetTimestamp();

    /// <summary>Done when the job succeeds, failed when it ends otherwise or the time is over.</summary>
    public async Task<int> RunAsync(ServiceAnswer first, CancellationToken cancellationToken)
    {
        ServiceAnswer last = _terminal.Interactive
            ? await DrawAsync(first, cancellationToken)
            : await PollAsync(first, _terminal.Error.WriteLine, static _ => { }, cancellationToken);
        JobView job = ServiceClient.ReadJob(last);
        if (json) await _terminal.Out.WriteLineAsync(last.Body);
        else JobPrinter.Answer(job, _terminal);
        if (!job.State.IsTerminal())
        {
            throw new CommandFailedException(ExitCode.Failed, $"{job.Id} is still {JobPrinter.Name(job.State)} after {timeoutSeconds!.Value.ToString(CultureInfo.InvariantCulture)} s.");
        }
        return job.State == JobState.Succeeded ? ExitCode.Done : ExitCode.Failed;
    }

    private async Task<ServiceAnswer> DrawAsync(ServiceAnswer first, CancellationToken cancellationToken)
    {
        IAnsiConsole console = _terminal.Progress();
        return await console.Status().StartAsync(
            "asking", status => PollAsync(first, console.WriteLine, text => status.Status(Markup.Escape(text)), cancellationToken));
    }

    private async Task<ServiceAnswer> PollAsync(ServiceAnswer answer, Action<string> say, Action<string> progress, CancellationToken cancellationToken)
    {
        JobState? said = null;
        while (true)
        {
            JobView job = ServiceClient.ReadJob(answer);
            if (job.State != said) say($"{job.Id} {JobPrinter.Describe(job)}");
            said = job.State;
            TimeSpan passed = _terminal.Time.GetElapsedTime(_start);
            if (job.State.IsTerminal() || passed.TotalSeconds >= timeoutSeconds) return answer;
            progress($"{JobPrinter.Describe(job)}, {passed.TotalSeconds:0} s");
            TimeSpan wait = answer.RetryAfter is not { } asked ? _usual : asked < _shortest ? _shortest : asked > _longest ? _longest : asked;
            if (timeoutSeconds is { } most && most - passed.TotalSeconds < wait.TotalSeconds) wait = TimeSpan.FromSeconds(Math.Max(most - passed.TotalSeconds, 0.001));
            await Task.Delay(wait, _terminal.Time, cancellationToken);
            answer = await client.GetAsync($"v1/jobs/{job.Id}", cancellationToken);
        }
    }
}
