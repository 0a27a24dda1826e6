using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sluice.Cli.Models;
using Sluice.Engine.Measuring;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Spectre.Console;

namespace Sluice.Cli.Bench;

/// <summary><c>sluice bench engine</c>: what a model does per second here, beside what the machine could do at the time.</summary>
internal static class EngineCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> model = ModelCommands.FolderOption();
        Option<string> dtype = WeightOption.Create();
        Option<string> kv = WeightOption.CreateKv();
        Option<int> threads = InRange("--threads", "Threads that share a step.", Environment.ProcessorCount, 1024);
        Option<int> repeats = InRange("--repeats", "Rounds; medians are printed.", 5, 1000);
        Option<bool> intrinsics = new("--intrinsics") { Description = "Only kernels that .NET has intrinsics for; none assembled at start." };
        Option<bool> profile = new("--profile") { Description = "Also where a step's time goes, by operation." };
        Option<bool> json = new("--json") { Description = "One object on standard output." };
        Command command = new("engine", "Prefill, decode, bulk scoring and long context, with the machine's peaks between them.") { model, dtype, kv, threads, repeats, intrinsics, profile, json };
        command.SetAction(async (parse, cancellationToken) =>
        {
            EngineBenchOptions options = new()
            {
                Weights = WeightFormats.Parse(parse.GetValue(dtype)),
                Kv = KvFormats.Parse(parse.GetValue(kv)),
                Threads = parse.GetValue(threads),
                Assembled = !parse.GetValue(intrinsics),
                Repeats = parse.GetValue(repeats),
                Profile = parse.GetValue(profile),
            };
            string folder = parse.GetRequiredValue(model);
            KvBudget.Inspect(folder, new ModelOptions()); // a variable of the environment that names nothing is wrong usage
            EngineFigures figures = await Task.Run(() => EngineBench.RunAsync(folder, options, terminal.Error.WriteLine, cancellationToken), cancellationToken);
            if (parse.GetValue(json)) await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(figures, CliJson.Default.EngineFigures));
            else Draw(figures, terminal.Tables());
            return ExitCode.Done;
        });
        return command;
    }

    public static Option<int> InRange(string name, string description, int value, int most)
    {
        Option<int> option = new(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            int found = result.GetValueOrDefault<int>();
            if (found < 1 || found > most) result.AddError($"{name}: expected 1 to {most}, found {found}.");
        });
        return option;
    }

    private static void Draw(EngineFigures figures, IAnsiConsole console)
    {
        Table table = new Table().AddColumns($"{figures.Path}, {figures.Dtype}, {figures.Threads} thread(s)", "median", "lowest", "highest", "share of the limit");
        Add("peak, 10^9 operations/s", "peak_gops", figures.PeakGops);
        Add("float32 peak, GFLOP/s", "fma_peak_gflops", figures.FmaPeakGflops);
        Add("reading memory, GB/s", "read_gbs", figures.ReadGbs);
        Add("prefill 32 x 128, tokens/s", "prefill_tok_s", figures.PrefillTokS, "prefill");
        foreach ((string batch, double rate) in figures.DecodeTokS) Add($"decode, batch {batch}, tokens/s", $"decode_{batch}_tok_s", rate, $"decode_{batch}");
        Add("bulk scoring, jobs/s", "scoring_jobs_s", figures.ScoringJobsS, "scoring");
        Add("long prompt, tokens/s", "long_prefill_tok_s", figures.LongPrefillTokS, "long_prefill");
        Add("decode after it, tokens/s", "long_decode_tok_s", figures.LongDecodeTokS, "long_decode");
        console.Write(table);
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"memory: {figures.PlannedBytes:N0} bytes planned, {figures.PeakBytes:N0} at the most"));
        foreach (StepProfile step in figures.Profile) Draw(step, console);

        void Add(string name, string figure, double value, string? share = null) => table.AddRow(
            name, Number(value), Number(figures.Range[figure][0]), Number(figures.Range[figure][1]), share is null ? "" : Percent(figures.Share[share]));
    }

    private static void Draw(StepProfile step, IAnsiConsole console)
    {
        Table table = new Table().AddColumns($"{step.Step}: {step.Steps} steps of {step.Rows} rows, {Number(step.MsPerStep)} ms", "calls", "ms", "of the step", "10^6 op", "MB", "10^9 op/s", "GB/s", "share of its limit");
        foreach (OperationProfile o in step.Operations)
        {
            table.AddRow(Markup.Escape(o.Operation), Number(o.Calls), o.MsPerStep.ToString("0.000", CultureInfo.InvariantCulture), Percent(o.PartOfStep), Number(o.OperationsPerStep / 1e6), Number(o.BytesPerStep / 1e6), Number(o.Gops), Number(o.Gbs), Percent(o.ShareOfLimit));
        }
        console.Write(table);
    }

    private static string Number(double value) => value.ToString(value >= 100 ? "N0" : "0.##", CultureInfo.InvariantCulture);

    private static string Percent(double share) => share.ToString("P1", CultureInfo.InvariantCulture);
}
