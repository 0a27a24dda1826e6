using System.IO.Pipes;
using System.Net;
using Xunit;

namespace Sluice.Tests.Cli;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("model")]
    [InlineData("model logits")]
    [InlineData("model logits --model /nowhere/at/all")]
    [InlineData("model inspect . --kv-bytes many")]
    [InlineData("submit --model m")]
    [InlineData("submit --model m --prompt p --kind chat")]
    [InlineData("submit --model m --prompt p --priority 7")]
    [InlineData("submit --model m --prompt p --deadline soon")]
    [InlineData("submit --model m --prompt p --metadata novalue")]
    [InlineData("submit --model m --prompt p --url ftp://x")]
    [InlineData("submit --model m --prompt p --wait --timeout 0")]
    [InlineData("watch 17")]
    [InlineData("jobs list --state broken")]
    public async Task Wrong_usage_exits_2_and_says_so_on_the_error_stream_only(string line)
    {
        CliRun run = await CliRun.OfAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Out);
        Assert.StartsWith("sluice: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run {model}/config.json --model {model} -o", "")]
    [InlineData("model new --shape tiny15m -o", "")]
    [InlineData("tune train-demo -o", "")]
    [InlineData("schedules create", "")]
    [InlineData("check --set Store:ConnectionString=Host=h --client-log", "")]
    [InlineData("demo --picture", "")]
    [InlineData("submit --file", "")]
    [InlineData("bench attention --model {model} --plot", "")]
    [InlineData("bench batching --trace", "")]
    [InlineData("submit --model m --prompt p --temperature", "NaN")]
    [InlineData("submit --model m --prompt p --ttl", "1e999")]
    [InlineData("check --set", "Store:ConnectionString=Username=u")]
    [InlineData("keys list --set", "Store:CommandTimeout=abc")]
    [InlineData("keys list --set", "Store:ConnectionString=Username=u")]
    public async Task A_value_that_cannot_be_used_exits_2_without_a_stack_trace(string line, string value)
    {
        using TinyModel model = new();
        CliRun run = await CliRun.OfAsync([.. line.Replace("{model}", model.Folder, StringComparison.Ordinal).Split(' '), value]);
        Assert.True(run.ExitCode == 2, run.Error);
        Assert.Empty(run.Out);
        Assert.StartsWith("sluice: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_is_no_input_of_a_run()
    {
        using TinyModel model = new();
        using AnonymousPipeServerStream pipe = new(PipeDirection.Out);
        string path = $"/proc/self/fd/{pipe.ClientSafePipeHandle.DangerousGetHandle()}";
        CliRun run = await CliRun.OfAsync(["run", path, "--model", model.Folder, "-o", Path.Combine(model.Folder, "out.jsonl")]);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("sluice: IN: expected a file", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("submit --model m --prompt -")]
    [InlineData("schedules create -")]
    public async Task Input_that_is_not_UTF_8_is_wrong_usage(string line)
    {
        CliRun run = await CliRun.OfAsync(line.Split(' '), CliRun.Bytes((byte)'a', 0xff, (byte)'b'));
        Assert.Equal((2, ""), (run.ExitCode, run.Out));
        Assert.Equal("sluice: standard input: expected UTF-8, found other bytes.\n", run.Error);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1000001")]
    public async Task Tickets_out_of_range_are_wrong_usage(string tickets)
    {
        using TinyModel model = new();
        CliRun run = await CliRun.OfAsync(["tune", "evaluate-demo", "--model", model.Folder, "--tickets", tickets, "--json"]);
        Assert.Equal((2, ""), (run.ExitCode, run.Out));
        Assert.Contains($"--tickets: expected 1 to 1000000, found {tickets}.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_is_no_error()
    {
        CliRun run = await CliRun.OfAsync(["submit", "--help"]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("--idempotency-key", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("jobs list")]
    [InlineData("submit --model m --prompt p --json")]
    [InlineData("watch job_00000000000000000000000000000001")]
    public async Task A_service_that_cannot_be_reached_exits_3(string line)
    {
        CliRun run = await CliRun.OfAsync(line.Split(' '), "", null, ("SLUICE_URL", "http://there.test:99"));
        Assert.Equal(3, run.ExitCode);
        Assert.Empty(run.Out);
        Assert.Contains("http://there.test:99/", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_knows_only_0_and_1()
    {
        Assert.Equal(0, (await CliRun.OfAsync(["health"], "", Scripted.Of(HttpStatusCode.OK, """{"status":"ok"}"""))).ExitCode);
        Assert.Equal(1, (await CliRun.OfAsync(["health"], "", Scripted.Of(HttpStatusCode.ServiceUnavailable, """{"status":"unavailable"}"""))).ExitCode);
        Assert.Equal(1, (await CliRun.OfAsync(["health"])).ExitCode);
    }

    [Fact]
    public async Task Health_asks_the_ready_address_under_a_base_path()
    {
        Scripted service = Scripted.Of(HttpStatusCode.OK, """{"status":"ok"}""");
        CliRun run = await CliRun.OfAsync(["health", "--json", "--url", "http://here.test/sluice/"], "", service);
        Assert.Equal("http://here.test/sluice/health/ready", service.Asked[0].Request.RequestUri!.ToString());
        Assert.Equal("{\"status\":\"ok\"}\n", run.Out);
    }
}
