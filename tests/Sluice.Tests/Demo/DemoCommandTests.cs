using System.Text.Json;
using Sluice.Tests.Cli;
using Sluice.Tests.Models;
using Xunit;

namespace Sluice.Tests.Demo;

/// <summary>The demo as a user runs it, in this process: embedded, over HTTP on a loopback port.</summary>
public sealed class DemoCommandTests
{
    private static readonly string s_shipped = Path.Combine(AppContext.BaseDirectory, "Demo", "model");

    /// <summary>With any model, for none of this hangs on what the model says.</summary>
    [Fact]
    public async Task The_cache_answers_repeats_and_re_worded_tickets_and_never_a_lookalike()
    {
        using ChatFolder random = new(contextLength: 512);
        JsonElement figures = await RunAsync("--model", random.Folder);

        string[] members =
        [
            "tickets", "jobs", "failed", "seconds", "jobs_per_s", "tokens_per_s", "batches", "close_reasons", "prompt_tokens", "prompt_tokens_computed", "cache_hits", "false_hits",
            "deadlines", "label_accuracy", "repeats", "reworded", "lookalikes",
        ];
        Assert.Equal(members, figures.EnumerateObject().Select(member => member.Name));
        Assert.Equal((300, 400, 0), (Number(figures, "tickets"), Number(figures, "jobs"), Number(figures, "failed")));
        Assert.Equal((40, 40), (Number(figures, "repeats", "tickets"), Number(figures, "repeats", "hits")));
        Assert.InRange(Number(figures, "reworded", "hits"), 25, 50);
        Assert.Equal((0, 0), (Number(figures, "lookalikes", "hits"), Number(figures, "false_hits")));
        Assert.Equal(400, Number(figures, "deadlines", "met") + Number(figures, "deadlines", "missed"));
        Assert.Equal(Number(figures, "batches"), figures.GetProperty("close_reasons").EnumerateObject().Sum(reason => reason.Value.GetInt32()));
        Assert.InRange(Number(figures, "batches"), 1, 400);
        Assert.InRange(Number(figures, "prompt_tokens_computed"), 1, Number(figures, "prompt_tokens") - 1);
    }

    [Fact]
    public async Task The_shipped_model_labels_at_least_95_percent_of_the_tickets_and_every_deadline_is_met()
    {
        if (!File.Exists(Path.Combine(s_shipped, "config.json"))) Assert.Skip("The demo model is not in this checkout.");
        JsonElement figures = await RunAsync();
        Assert.InRange(figures.GetProperty("label_accuracy").GetDouble(), 0.95, 1);
        Assert.Equal((0, 0, 0), (Number(figures, "failed"), Number(figures, "false_hits"), Number(figures, "deadlines", "missed")));
    }

    [Fact]
    public async Task A_folder_without_a_model_is_wrong_usage()
    {
        CliRun run = await CliRun.OfAsync(["demo", "--model", "/no/such"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--model: '/no/such' is no model folder", run.Error, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> RunAsync(params string[] arguments)
    {
        using SocketsHttpHandler network = new();
        CliRun run = await CliRun.OfAsync(["demo", "--json", .. arguments], network: network);
        Assert.True(run.ExitCode == 0, run.Error);
        using JsonDocument document = JsonDocument.Parse(Assert.Single(run.Lines));
        return document.RootElement.Clone();
    }

    private static int Number(JsonElement figures, params string[] path) => path.Aggregate(figures, (at, name) => at.GetProperty(name)).GetInt32();
}
