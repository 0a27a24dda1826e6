using System.Globalization;
using Sluice.Jobs;
using Spectre.Console;

namespace Sluice.Cli.Jobs;

/// <summary>Jobs for people.</summary>
internal static class JobPrinter
{
    public static string Name<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    /// <summary>The state and what is known with it.</summary>
    public static string Describe(JobView job) => job switch
    {
        { Error: { } error } => $"{Name(job.State)}: {error.Code}: {error.Message}",
        { State: JobState.Succeeded, Source: AnswerSource.Engine } => $"succeeded, {job.DelayMs} ms in the queue, {job.ExecutionMs} ms running",
        { State: JobState.Succeeded, Source: { } source } => $"succeeded, answered by {Name(source)}",
        { Eta: { } eta } when !job.State.IsTerminal() => $"{Name(job.State)}, expected at {Time(eta)}{(job.WillMeetDeadline == false ? ", maybe after its deadline" : "")}",
        _ => Name(job.State),
    };

    /// <summary>What the job came to: generated texts as they are, scored choices as a table, vectors as JSON. Nothing for a job without outputs.</summary>
    public static void Answer(JobView job, Terminal terminal)
    {
        IReadOnlyList<JobOutput> outputs = job.Outputs ?? [];
        if (job.Kind == JobKind.Score && outputs.Count > 0)
        {
            Table table = new Table().AddColumns("choice", "logprob", "score", "probability");
            foreach (JobOutput output in outputs) table.AddRow(Cell(output.Text), Cell(output.Logprob), Cell(output.Score), Cell(output.Probability));
            terminal.Tables().Write(table);
            return;
        }
        foreach (JobOutput output in outputs)
        {
            terminal.Out.WriteLine(output.Embedding is { } vector ? $"[{string.Join(',', vector.Select(x => x.ToString("R", CultureInfo.InvariantCulture)))}]" : output.Text);
        }
    }

    public static void Details(JobView job, Terminal terminal)
    {
        Grid grid = new Grid().AddColumn().AddColumn();
        Add("id", job.Id.ToString());
        Add("state", Describe(job));
        Add("model", job.ModelRevision is null ? job.Model : $"{job.Model} ({job.ModelRevision})");
        Add("kind", $"{Name(job.Kind)}, {Name(job.Priority)}");
        Add("created", Time(job.CreatedAt));
        Add("started", Time(job.StartedAt));
        Add("finished", Time(job.FinishedAt));
        Add("deadline", Time(job.Deadline));
        Add("expected", job.WillMeetDeadline switch { true => $"{Time(job.Eta)}, in time for certain", false => $"{Time(job.Eta)}, in time without a promise", null => Time(job.Eta) });
        Add("retry of", job.RetryOf?.ToString());
        Add("tokens", job.Usage is { } usage ? $"{usage.PromptTokens} prompt ({usage.CachedTokens} cached), {usage.GeneratedTokens} generated" : null);
        terminal.Tables().Write(grid);
        Answer(job, terminal);

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) grid.AddRow(new Text(name), new Text(value));
        }
    }

    public static void Page(JobPage page, Terminal terminal)
    {
        Table table = new Table().AddColumns("id", "state", "kind", "priority", "model", "created", "expected", "finished");
        foreach (JobView job in page.Data)
        {
            table.AddRow(Cell(job.Id), Cell(Name(job.State)), Cell(Name(job.Kind)), Cell(Name(job.Priority)), Cell(job.Model), Cell(Time(job.CreatedAt)), Cell(Time(job.Eta)), Cell(Time(job.FinishedAt)));
        }
        terminal.Tables().Write(table);
        if (page.Next is { } next) terminal.Error.WriteLine($"more: --after {next}");
    }

    private static Text Cell(object? value) => new(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");

    public static string? Time(DateTimeOffset? time) => time?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
