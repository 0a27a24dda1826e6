using System.Text.Json;
using Sluice.Tests.Cli;

namespace Sluice.Tests.Run;

/// <summary>A folder with an input and an output, and <c>sluice run</c> on them; gone when disposed.</summary>
internal sealed class RunBench(string model) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-run-").FullName;

    public string Input => Path.Combine(_folder, "in.jsonl");

    public string Output => Path.Combine(_folder, "out.jsonl");

    public string Progress => Output + ".progress";

    public static string Line(string id, string url, string body) => $$"""{"custom_id":"{{id}}","method":"POST","url":"{{url}}","body":{{body}}}""";

    public static string Completion(string id, string prompt = "abc", int tokens = 3) =>
        Line(id, "/v1/completions", $$"""{"prompt":"{{prompt}}","max_tokens":{{tokens}}}""");

    public void Write(params string[] lines) => File.WriteAllText(Input, string.Join('\n', lines) + "\n");

    public Task<CliRun> RunAsync(params string[] more) =>
        CliRun.OfAsync(["run", Input, "-o", Output, "--model", model, "--json", "--kv-bytes", "4000000", "--threads", "1", .. more]);

    /// <summary>The output's lines by the number in their ids; throws where two have the same.</summary>
    public SortedDictionary<long, JsonElement> Answers()
    {
        SortedDictionary<long, JsonElement> answers = [];
        foreach (string line in File.ReadAllLines(Output))
        {
            JsonElement answer = JsonDocument.Parse(line).RootElement;
            answers.Add(long.Parse(answer.GetProperty("id").GetString()!.Split('_')[^1], System.Globalization.CultureInfo.InvariantCulture), answer);
        }
        return answers;
    }

    public static JsonElement Report(CliRun run) => JsonDocument.Parse(run.Out).RootElement;

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
