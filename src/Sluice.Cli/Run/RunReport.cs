using System.Globalization;
using Spectre.Console;

namespace Sluice.Cli.Run;

/// <summary>What <c>sluice run --json</c> prints.</summary>
/// <param name="Lines">Lines of the input, blank ones left out.</param>
/// <param name="Succeeded">Answered by this run.</param>
/// <param name="Failed">Error lines of this run.</param>
/// <param name="Skipped">Done by a run before.</param>
/// <param name="SkippedFailed">Of them, error lines.</param>
/// <param name="PromptTokens">Of the lines that succeeded in this run.</param>
/// <param name="PromptTokensComputed">Of them, those not found in shared pages.</param>
/// <param name="Batches">Closed by the former.</param>
/// <param name="CloseReasons">Batches by why they closed.</param>
/// <param name="ElapsedS">Seconds from the first line read to the last one durable; loading is not in it.</param>
/// <param name="LinesPerS">Lines of this run, error lines included.</param>
/// <param name="TokensPerS">Prompt tokens computed and tokens generated.</param>
internal sealed record RunReport(
    long Lines, long Succeeded, long Failed, long Skipped, long SkippedFailed, long PromptTokens, long PromptTokensComputed, long CompletionTokens,
    long Batches, IReadOnlyDictionary<string, long> CloseReasons, double ElapsedS, double LinesPerS, double TokensPerS)
{
    public static RunReport Of(RunTotals totals, long failedBefore, TimeSpan elapsed)
    {
        double seconds = Math.Max(elapsed.TotalSeconds, 1e-6);
        Dictionary<string, long> reasons = totals.Closed().ToDictionary(reason => SnakeCase(reason.Key.ToString()), reason => reason.Value);
        return new(
            totals.Read, totals.Succeeded, totals.Failed, totals.Skipped, failedBefore, totals.PromptTokens, totals.ComputedTokens, totals.CompletionTokens,
            reasons.Values.Sum(), reasons, Math.Round(elapsed.TotalSeconds, 3), Math.Round((totals.Succeeded + totals.Failed) / seconds, 1),
            Math.Round((totals.ComputedTokens + totals.CompletionTokens) / seconds, 1));
    }

    public void Draw(IAnsiConsole console)
    {
        Grid grid = new Grid().AddColumn().AddColumn();
        Add("lines", Number(Lines));
        Add("succeeded", Number(Succeeded));
        Add("failed", Number(Failed));
        if (Skipped > 0) Add("done before", $"{Number(Skipped)}, {Number(SkippedFailed)} of them failed");
        Add("prompt tokens", $"{Number(PromptTokens)}, {Number(PromptTokensComputed)} computed");
        Add("completion tokens", Number(CompletionTokens));
        Add("batches", Number(Batches) + (Batches > 0 ? ": " + string.Join(", ", CloseReasons.Select(r => $"{Number(r.Value)} {r.Key}")) : ""));
        Add("time", string.Create(CultureInfo.InvariantCulture, $"{ElapsedS:N1} s, {LinesPerS:N1} lines/s, {TokensPerS:N1} tokens/s"));
        console.Write(grid);

        void Add(string name, string value) => grid.AddRow(new Text(name), new Text(value));
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string SnakeCase(string name) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
}
