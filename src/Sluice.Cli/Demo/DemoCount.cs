using Sluice.Jobs;
using Sluice.Tuning.Tickets;

namespace Sluice.Cli.Demo;

/// <summary>Counts what a run came to, against what is known about its tickets.</summary>
internal static class DemoCount
{
    /// <param name="jobs">All of the run, ended.</param>
    /// <param name="elapsed">From the first submit to the last end.</param>
    /// <param name="closeReasons">The service's batches, by the reason they were closed.</param>
    public static DemoFigures Of(IReadOnlyList<DemoJob> jobs, TimeSpan elapsed, IReadOnlyDictionary<string, long> closeReasons)
    {
        DemoJob[] ran = [.. jobs.Where(job => job.View!.Source == AnswerSource.Engine)];
        DemoJob[] sorted = [.. jobs.Where(job => !job.IsReply)];
        long prompt = ran.Sum(job => (long)job.View!.Usage!.PromptTokens), computed = prompt - ran.Sum(job => (long)job.View!.Usage!.CachedTokens);
        double seconds = Math.Max(elapsed.TotalSeconds, 0.001);
        return new DemoFigures
        {
            Tickets = sorted.Length,
            Jobs = jobs.Count,
            Failed = jobs.Count(job => job.View!.State != JobState.Succeeded),
            Seconds = Math.Round(seconds, 2),
            JobsPerS = Math.Round(jobs.Count / seconds, 1),
            TokensPerS = Math.Round((computed + ran.Sum(job => (long)job.View!.Usage!.GeneratedTokens)) / seconds, 1),
            Batches = closeReasons.Values.Sum(),
            CloseReasons = closeReasons,
            PromptTokens = prompt,
            PromptTokensComputed = computed,
            CacheHits = new DemoHits(Hits("exact"), Hits("semantic"), jobs.Count(job => job.View!.Source == AnswerSource.Twin)),
            FalseHits = FalseHits(jobs).Count,
            Deadlines = new DemoDeadlines(jobs.Count(MetItsDeadline), jobs.Count(job => !MetItsDeadline(job))),
            LabelAccuracy = Math.Round((double)sorted.Count(job => LabelOf(job.View!) == job.Ticket.Label) / sorted.Length, 4),
            Repeats = Share("repeat"),
            Reworded = Share("reworded"),
            Lookalikes = Share("lookalike"),
        };

        int Hits(string tier) => jobs.Count(job => job.View!.Source == AnswerSource.Cache && job.View.Cache?.Tier == tier);

        DemoShare Share(string group)
        {
            ILookup<string, DemoJob> tickets = jobs.Where(job => job.Ticket.Group == group).ToLookup(job => job.Ticket.Id);
            return new DemoShare(tickets.Count, tickets.Count(ticket => ticket.All(IsHit)));
        }
    }

    /// <summary>
    /// Jobs that were answered with what was made for another question. A hit does not say whose answer it is, but it is that answer bit for bit: it is
    /// right where one of the jobs that ran and came to it belongs to a ticket that asks the same. A reply that names the order of another ticket is wrong in any case.
    /// </summary>
    public static IReadOnlyList<DemoJob> FalseHits(IReadOnlyList<DemoJob> jobs)
    {
        Dictionary<string, DemoTicket> tickets = [];
        foreach (DemoJob job in jobs)
        {
            tickets[job.Ticket.Id] = job.Ticket;
        }
        HashSet<string> orders = [.. tickets.Values.Select(ticket => ticket.Order).OfType<string>()];
        ILookup<string, DemoTicket> sources = jobs.Where(job => job.View!.Source == AnswerSource.Engine).ToLookup(job => AnswerOf(job), job => job.Ticket);
        return [.. jobs.Where(job => IsHit(job) && (!sources[AnswerOf(job)].Any(source => AsksTheSame(job.Ticket, source, tickets)) || NamesAnotherOrder(job)))];

        bool NamesAnotherOrder(DemoJob job) => job.IsReply && OrderOf(job.View!) is { } order && order != job.Ticket.Order && orders.Contains(order);
    }

    private static bool IsHit(DemoJob job) => job.View!.Source is AnswerSource.Cache or AnswerSource.Twin;

    private static bool MetItsDeadline(DemoJob job) => job.View is { State: JobState.Succeeded, FinishedAt: { } finished, Deadline: { } deadline } && finished <= deadline;

    private static string? LabelOf(JobView view) => view.Outputs?.MaxBy(output => output.Score)?.Text;

    /// <summary>The order number in a reply; null where it names none, or is no JSON.</summary>
    private static string? OrderOf(JobView view) => view.Outputs is [{ Text: { } text }] ? DemoReply.OrderOf(text) : null;

    /// <summary>Equal for equal answers to the same kind of question.</summary>
    private static string AnswerOf(DemoJob job) => job.IsReply
        ? $"reply {job.View!.Outputs![0].Text}"
        : $"label {string.Join(' ', (job.View!.Outputs ?? []).Select(output => BitConverter.DoubleToInt64Bits(output.Logprob ?? 0)))}";

    /// <summary>By what the file says of them; two fresh tickets may happen to ask the same.</summary>
    private static bool AsksTheSame(DemoTicket one, DemoTicket other, Dictionary<string, DemoTicket> tickets)
    {
        (DemoTicket first, DemoTicket second) = (Root(one), Root(other));
        return first.Id == second.Id
            || (first.Group == "fresh" && second.Group == "fresh" && (first.Label, first.Order, first.Item, first.Priority) == (second.Label, second.Order, second.Item, second.Priority));

        DemoTicket Root(DemoTicket ticket) => ticket.SameAs is { } same ? tickets[same] : ticket;
    }
}
