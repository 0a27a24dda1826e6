using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sluice.Service;
using Spectre.Console;

namespace Sluice.Cli.Bench;

/// <summary><c>sluice bench pipeline</c>: jobs through the whole house, HTTP to terminal transaction, with an engine that costs nothing.</summary>
internal static class PipelineCommand
{
    private const int MostJobs = 1_000_000;
    private static readonly string[] s_modes = ["off", "exact", "semantic"];

    public static Command Create(Terminal terminal)
    {
        Option<int> jobs = new("--jobs") { Description = "Jobs of one run.", DefaultValueFactory = _ => 10_000 };
        Option<EngineKind> engine = new("--engine") { Description = "Only 'stub': 1 ms per batch.", DefaultValueFactory = _ => EngineKind.Stub };
        Option<int> concurrency = new("--concurrency") { Description = "Submits at a time.", DefaultValueFactory = _ => 64 };
        Option<string?> cache = new("--cache") { Description = "One run with this cache mode (off, exact, semantic); a run with off and one with exact + semantic where absent." };
        Option<bool> embedded = new("--embedded") { Description = "Memory store and in-memory transport in place of the configured servers." };
        Option<bool> submission = new("--submission") { Description = "All jobs as the lines of one JSONL submission." };
        Option<bool> json = new("--json") { Description = "Print one JSON object." };
        Command command = new("pipeline", "Jobs per second and latency, end to end, with a stub engine.") { jobs, engine, concurrency, cache, embedded, submission, json };
        command.SetAction(async (parse, cancellationToken) =>
        {
            int count = InRange("--jobs", parse.GetValue(jobs), MostJobs);
            int parallel = InRange("--concurrency", parse.GetValue(concurrency), 4096);
            if (parse.GetValue(engine) != EngineKind.Stub)
            {
                throw CommandFailedException.Usage("--engine: only 'stub' has a constant cost to measure the pipeline with.");
            }
            string? mode = parse.GetValue(cache);
            if (mode is not null && !s_modes.Contains(mode))
            {
                throw CommandFailedException.Usage($"--cache: one of {string.Join(", ", s_modes)}; it is '{mode}'.");
            }
            PipelineReport report = await PipelineBench.RunAsync(terminal, count, parallel, mode is null ? ["off", "semantic"] : [mode], parse.GetValue(embedded), parse.GetValue(submission), cancellationToken);
            if (parse.GetValue(json))
            {
                await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, CliJson.Default.PipelineReport));
            }
            else
            {
                terminal.Tables().Write(Table(report));
            }
            bool whole = report.Runs.All(run => run.Succeeded == run.Jobs) && (report.Submission is not { } file || file.Succeeded == file.Lines);
            return whole ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static int InRange(string option, int value, int most) =>
        value >= 1 && value <= most ? value : throw CommandFailedException.Usage($"{option}: 1 to {most}; it is {value}.");

    private static Table Table(PipelineReport report)
    {
        Table table = new();
        if (report.Submission is { } file)
        {
            table.AddColumns("lines", "succeeded", "ingest lines/s", "end to end jobs/s", "seconds", "peak MB");
            return table.AddRow(Text(file.Lines), Text(file.Succeeded), Text(file.LinesPerS), Text(file.JobsPerS), Text(file.Seconds), Text(file.PeakMb ?? double.NaN));
        }
        table.AddColumns("cache", "jobs", "succeeded", "reused", "jobs/s", "p50 ms", "p99 ms");
        foreach (PipelineRun run in report.Runs)
        {
            table.AddRow(
                run.Cache, Text(run.Jobs), Text(run.Succeeded), Text(run.Reused), Text(run.JobsPerS), Text(run.P50Ms), Text(run.P99Ms));
        }
        return table;
    }

    private static string Text(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
