using System.Globalization;
using Spectre.Console;

namespace Sluice.Cli.Demo;

/// <summary>What a person sees of the demo: bars while it runs, a table at the end.</summary>
internal static class DemoScreen
{
    private static readonly string[] s_waves = ["180 tickets, a few of them twice", "repeats, re-worded tickets, look-alikes"];

    /// <summary>Runs with a bar per wave where a person watches, silently elsewhere.</summary>
    public static async Task<T> WatchAsync<T>(Terminal terminal, Func<Action<DemoProgress>, Task<T>> run)
    {
        if (!terminal.Interactive) return await run(_ => { });
        return await terminal.Progress().Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                ProgressTask[] bars = [.. s_waves.Select(wave => context.AddTask(wave, autoStart: false))];
                return await run(at =>
                {
                    ProgressTask bar = bars[at.Wave - 1];
                    if (!bar.IsStarted) bar.StartTask();
                    bar.MaxValue = at.Jobs;
                    bar.Value = Math.Max(bar.Value, at.Ended);
                });
            });
    }

    public static Table Table(DemoFigures figures)
    {
        Table table = new Table { Border = TableBorder.Rounded, Title = new TableTitle($"{figures.Tickets} tickets, {figures.Jobs} jobs, {Number(figures.Seconds, "0.0")} s") }.AddColumns("", "");
        table.ShowHeaders = false;
        Row("speed", $"{Number(figures.JobsPerS, "0.0")} jobs/s, {Number(figures.TokensPerS, "#,0")} tokens/s");
        Row("batches", $"{figures.Batches}: {Reasons(figures)}");
        Row("prompt tokens", $"{Number(figures.PromptTokens, "#,0")}: {Number(figures.PromptTokensComputed, "#,0")} computed, {Number(figures.PromptTokens - figures.PromptTokensComputed, "#,0")} reused");
        Row("answered without running", $"{figures.CacheHits.Exact} exact, {figures.CacheHits.Semantic} semantic, {figures.CacheHits.Twin} as twins of a running job");
        Row("repeated tickets", $"{figures.Repeats.Hits} of {figures.Repeats.Tickets} took the first one's answer");
        Row("re-worded tickets", $"{figures.Reworded.Hits} of {figures.Reworded.Tickets} took the first one's answer");
        Row("look-alikes", $"{figures.Lookalikes.Tickets - figures.Lookalikes.Hits} of {figures.Lookalikes.Tickets} were kept apart");
        Row("false hits", Good(figures.FalseHits == 0, Number(figures.FalseHits, "0")));
        Row("deadlines", Good(figures.Deadlines.Missed == 0, $"{figures.Deadlines.Met} met, {figures.Deadlines.Missed} missed"));
        Row("label accuracy", $"{Number(figures.LabelAccuracy * 100, "0.0")} %, on phrases unseen in training");
        if (figures.Failed > 0) Row("failed", $"[red]{figures.Failed} jobs[/]");
        return table;

        void Row(string name, string value) => table.AddRow($"[bold]{name}[/]", value);
    }

    private static string Reasons(DemoFigures figures) =>
        string.Join(", ", figures.CloseReasons.OrderByDescending(reason => reason.Value).Select(reason => $"{reason.Value} {Words(reason.Key)}"));

    private static string Words(string reason) => reason switch
    {
        "full" => "full",
        "deadline_near" => "deadline near",
        "linger_over" => "waited long enough",
        "engine_idle" => "engine idle",
        _ => reason,
    };

    private static string Good(bool good, string text) => good ? $"[green]{text}[/]" : $"[red]{text}[/]";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
