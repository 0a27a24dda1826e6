using System.CommandLine;
using System.Text.Json;
using Sluice.Cli.Jobs;
using Sluice.Jobs;
using Sluice.Tuning.Tickets;

namespace Sluice.Cli.Demo;

/// <summary><c>sluice demo</c>: the whole service at work on the shipped tickets, with the shipped model.</summary>
internal static class DemoCommand
{
    private const int MostShown = 5;

    public static Command Create(Terminal terminal)
    {
        Option<bool> json = new("--json") { Description = "Print the figures as one object." };
        Option<bool> services = new("--services") { Description = "Use the database and the broker of the configuration, migrated beforehand; else everything is in memory." };
        Option<string?> model = new("--model") { Description = "Another model folder than the shipped one.", HelpName = "DIR" };
        Option<string?> picture = new Option<string?>("--picture") { Description = "Also draw the table into this file, as SVG.", HelpName = "FILE" }.NotEmpty();
        Command command = new("demo", "Run 300 support tickets through the service and show what it did.") { json, services, model, picture };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string folder = parse.GetValue(model) ?? Path.Combine(AppContext.BaseDirectory, "Demo", "model");
            if (!File.Exists(Path.Combine(folder, "config.json"))) throw CommandFailedException.Usage($"--model: '{folder}' is no model folder: it has no config.json.");
            using StreamWriter? drawing = parse.GetValue(picture) is { } file ? new StreamWriter(file) : null;
            DemoFigures figures = await RunAsync(terminal, folder, embedded: !parse.GetValue(services), cancellationToken);
            if (parse.GetValue(json)) await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(figures, CliJson.Default.DemoFigures));
            else terminal.Tables().Write(DemoScreen.Table(figures));
            if (drawing is not null) TablePicture.Draw("sluice demo", DemoScreen.Table(figures), drawing);
            return figures.Failed == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    /// <summary>The shipped tickets, in the order in which they are sent.</summary>
    public static IReadOnlyList<DemoTicket> ShippedTickets()
    {
        using StreamReader reader = new(typeof(DemoCommand).Assembly.GetManifestResourceStream("tickets.jsonl")!);
        List<DemoTicket> tickets = [];
        while (reader.ReadLine() is { } line)
        {
            tickets.Add(DemoTicket.FromLine(line));
        }
        return tickets;
    }

    private static async Task<DemoFigures> RunAsync(Terminal terminal, string folder, bool embedded, CancellationToken cancellationToken)
    {
        if (terminal.Interactive) await terminal.Error.WriteLineAsync($"Starting the service, {(embedded ? "all of it in this process" : "on the configured database and broker")}...");
        await using DemoService service = await DemoService.StartAsync(terminal, folder, embedded, cancellationToken);
        long start = terminal.Time.GetTimestamp();
        IReadOnlyList<DemoJob> jobs = await DemoScreen.WatchAsync(
            terminal, progress => new DemoRun(service.Client, $"demo-{Guid.NewGuid():N}", progress, terminal.Time).RunAsync(ShippedTickets(), cancellationToken));
        TimeSpan elapsed = terminal.Time.GetElapsedTime(start);
        foreach (DemoJob job in jobs.Where(job => job.View!.State != JobState.Succeeded).Take(MostShown))
        {
            await terminal.Error.WriteLineAsync($"{job.Ticket.Id}: {JobPrinter.Describe(job.View!)}");
        }
        return DemoCount.Of(jobs, elapsed, DemoMetrics.CloseReasons((await service.Client.GetAsync("metrics", cancellationToken)).Body, DemoService.Model));
    }
}
