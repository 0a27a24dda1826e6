using System.Collections.Concurrent;
using Sluice.Cli.Jobs;
using Sluice.Jobs;
using Sluice.Tuning.Tickets;

namespace Sluice.Cli.Demo;

/// <summary>Sends the tickets through the service's HTTP interface, wave after wave, and waits for their jobs.</summary>
/// <param name="client">The service.</param>
/// <param name="space">Namespace of the cache: an empty one makes a run show what a first one shows.</param>
/// <param name="progress">Told where a wave stands, from any thread.</param>
/// <param name="time">Clock of the waits.</param>
internal sealed class DemoRun(ServiceClient client, string space, Action<DemoProgress> progress, TimeProvider time)
{
    private const int Senders = 16, Watchers = 32;
    private const int AnswerTokens = 96;
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100), s_patience = TimeSpan.FromSeconds(60);

    /// <summary>When a job was last seen to end, or a wave began.</summary>
    private long _lastEnd;

    /// <summary>All jobs, ended, in no order.</summary>
    /// <exception cref="CommandFailedException">The service refuses a job, does not answer, or ends none of them for a minute.</exception>
    public async Task<IReadOnlyList<DemoJob>> RunAsync(IReadOnlyList<DemoTicket> tickets, CancellationToken cancellationToken)
    {
        List<DemoJob> ended = [];
        foreach (IGrouping<int, DemoTicket> wave in tickets.GroupBy(ticket => ticket.Wave).OrderBy(wave => wave.Key))
        {
            DemoJob[] asked = [.. wave.SelectMany(Jobs)];
            progress(new DemoProgress(wave.Key, 0, asked.Length));
            ConcurrentBag<DemoJob> accepted = [];
            // a repeat goes after what it repeats was accepted: of two equal jobs that arrive together either may be the one that runs
            foreach (IGrouping<bool, DemoJob> part in asked.GroupBy(job => job.Ticket.Group == "repeat").OrderBy(part => part.Key))
            {
                await Parallel.ForEachAsync(part, Limit(Senders), async (job, cancelled) =>
                {
                    ServiceAnswer answer = await client.SubmitAsync(Request(job), null, null, cancelled);
                    accepted.Add(job with { View = ServiceClient.ReadJob(answer) });
                });
            }
            ConcurrentBag<DemoJob> done = [];
            Volatile.Write(ref _lastEnd, time.GetTimestamp());
            await Parallel.ForEachAsync(accepted.OrderBy(job => job.View!.Priority).ThenBy(job => job.View!.CreatedAt), Limit(Watchers), async (job, cancelled) =>
            {
                done.Add(job with { View = await EndAsync(job.View!, cancelled) });
                Volatile.Write(ref _lastEnd, time.GetTimestamp());
                progress(new DemoProgress(wave.Key, done.Count, asked.Length));
            });
            ended.AddRange(done);
        }
        return ended;

        ParallelOptions Limit(int degree) => new() { MaxDegreeOfParallelism = degree, CancellationToken = cancellationToken };
    }

    private static IEnumerable<DemoJob> Jobs(DemoTicket ticket) => ticket.Kind == "reply" ? [new(ticket, IsReply: false), new(ticket, IsReply: true)] : [new(ticket, IsReply: false)];

    private JobRequest Request(DemoJob job) => new()
    {
        Model = DemoService.Model,
        Kind = job.IsReply ? JobKind.Generate : JobKind.Score,
        Messages =
        [
            new ChatMessage { Role = "system", Content = job.IsReply ? TicketPrompts.AnswerSystem : TicketPrompts.SortSystem },
            new ChatMessage { Role = "user", Content = job.Ticket.Text },
        ],
        Choices = job.IsReply ? null : TicketGenerator.Labels,
        Parameters = job.IsReply ? new JobParameters { MaxTokens = AnswerTokens } : null,
        Priority = Enum.Parse<JobClass>(job.Ticket.Priority, ignoreCase: true),
        Ttl = job.Ticket.DeadlineSeconds,
        OnLate = OnLate.Run,
        Cache = new CacheRequest { Namespace = space },
        Metadata = new Dictionary<string, string> { ["ticket"] = job.Ticket.Id },
    };

    private async Task<JobView> EndAsync(JobView job, CancellationToken cancellationToken)
    {
        while (job.State is JobState.Queued or JobState.Running)
        {
            if (time.GetElapsedTime(Volatile.Read(ref _lastEnd)) > s_patience)
                throw new CommandFailedException(ExitCode.Failed, $"no job has ended for {s_patience.TotalSeconds:0} s; {job.Id} is {JobPrinter.Name(job.State)}: do the broker and the worker run?");
            await Task.Delay(s_poll, time, cancellationToken);
            job = ServiceClient.ReadJob(await client.GetAsync($"v1/jobs/{job.Id}", cancellationToken));
        }
        return job;
    }
}

/// <summary>One question about a ticket.</summary>
/// <param name="IsReply">Draft a reply; otherwise choose the label.</param>
/// <param name="View">What the service says of it; null before it was sent.</param>
internal sealed record DemoJob(DemoTicket Ticket, bool IsReply, JobView? View = null);

/// <summary>Where a wave stands.</summary>
internal readonly record struct DemoProgress(int Wave, int Ended, int Jobs);
