using System.Text.Json;
using Sluice.Tests.Cli;
using Xunit;

namespace Sluice.Tests.Run;

public sealed class RunCommandTests : IDisposable
{
    private readonly ByteModel _model = new();
    private readonly RunBench _bench;

    public RunCommandTests() => _bench = new RunBench(_model.Folder);

    public void Dispose()
    {
        _bench.Dispose();
        _model.Dispose();
    }

    [Fact]
    public async Task Every_kind_of_line_is_answered_in_OpenAIs_shape()
    {
        _bench.Write(
            RunBench.Completion("completion", tokens: 5),
            RunBench.Line("chat", "/v1/chat/completions", $$"""{"model":"{{_model.Name}}","messages":[{"role":"user","content":"hé"}],"max_tokens":4,"logprobs":true,"top_logprobs":2}"""),
            RunBench.Line("floats", "/v1/embeddings", """{"input":"text"}"""),
            RunBench.Line("base64", "/v1/embeddings", """{"input":"text","encoding_format":"base64"}"""),
            RunBench.Line("score", "/v1/score", """{"prompt":"sky is ","choices":["blue","a house"],"normalization":"bytes"}"""),
            RunBench.Line("logprobs", "/v1/completions", """{"prompt":"abc","max_tokens":3,"logprobs":2}"""));
        CliRun run = await _bench.RunAsync();
        Assert.Equal((0, 6L), (run.ExitCode, RunBench.Report(run).GetProperty("succeeded").GetInt64()));
        Assert.StartsWith("memory: ", run.Error, StringComparison.Ordinal);
        Dictionary<string, JsonElement> bodies = _bench.Answers().Values.ToDictionary(a => a.GetProperty("custom_id").GetString()!, a => a.GetProperty("response").GetProperty("body"));
        Assert.All(_bench.Answers().Values, a => Assert.Equal((200, JsonValueKind.Null), (a.GetProperty("response").GetProperty("status_code").GetInt32(), a.GetProperty("error").ValueKind)));

        Assert.Equal(("text_completion", 3, 5), (bodies["completion"].GetProperty("object").GetString(), Usage("completion", "prompt_tokens"), Usage("completion", "completion_tokens")));
        Assert.Equal(JsonValueKind.String, bodies["completion"].GetProperty("choices")[0].GetProperty("text").ValueKind);

        // begin, user, two letters in three bytes, end, assistant
        Assert.Equal(("chat.completion", 7), (bodies["chat"].GetProperty("object").GetString(), Usage("chat", "prompt_tokens")));
        JsonElement choice = bodies["chat"].GetProperty("choices")[0];
        Assert.Equal("assistant", choice.GetProperty("message").GetProperty("role").GetString());
        Assert.Equal(Usage("chat", "completion_tokens"), choice.GetProperty("logprobs").GetProperty("content").GetArrayLength());
        Assert.All(choice.GetProperty("logprobs").GetProperty("content").EnumerateArray(), t => Assert.Equal(2, t.GetProperty("top_logprobs").GetArrayLength()));

        float[] floats = bodies["floats"].GetProperty("data")[0].GetProperty("embedding").Deserialize<float[]>()!;
        byte[] base64 = bodies["base64"].GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal(floats, Enumerable.Range(0, base64.Length / 4).Select(i => BitConverter.ToSingle(base64, 4 * i)));
        Assert.Equal(1, floats.Sum(f => f * f), 1e-4f);

        JsonElement[] choices = [.. bodies["score"].GetProperty("choices").EnumerateArray()];
        Assert.Equal([4, 7], choices.Select(c => c.GetProperty("tokens").GetInt32()));
        Assert.All(choices, c => Assert.Equal(c.GetProperty("logprob").GetDouble() / c.GetProperty("tokens").GetInt32(), c.GetProperty("score").GetDouble(), 1e-9));
        Assert.Equal(1, choices.Sum(c => c.GetProperty("probability").GetDouble()), 1e-9);
        Assert.Equal(choices.Index().MaxBy(c => c.Item.GetProperty("score").GetDouble()).Index, bodies["score"].GetProperty("argmax").GetInt32());

        JsonElement logprobs = bodies["logprobs"].GetProperty("choices")[0].GetProperty("logprobs");
        Assert.Equal(Usage("logprobs", "completion_tokens"), logprobs.GetProperty("token_logprobs").GetArrayLength());

        int Usage(string id, string name) => bodies[id].GetProperty("usage").GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task A_bad_line_becomes_an_error_line_with_its_number_and_the_rest_runs()
    {
        _bench.Write(
            RunBench.Completion("a"),
            "{nonsense",
            "",
            RunBench.Line("model", "/v1/completions", """{"model":"gpt-9","prompt":"x"}"""),
            RunBench.Line("long", "/v1/completions", $$"""{"prompt":"{{new string('x', 600)}}"}"""),
            RunBench.Line("tokens", "/v1/completions", """{"prompt":"x","max_tokens":513}"""),
            RunBench.Completion("b"),
            RunBench.Line("bias", "/v1/completions", """{"prompt":"x","logit_bias":{"261":1,"262":1}}"""));
        CliRun run = await _bench.RunAsync();
        Assert.Equal(1, run.ExitCode);
        JsonElement report = RunBench.Report(run);
        Assert.Equal((7, 2, 5), (report.GetProperty("lines").GetInt32(), report.GetProperty("succeeded").GetInt32(), report.GetProperty("failed").GetInt32()));
        SortedDictionary<long, JsonElement> answers = _bench.Answers();
        Assert.Equal([1, 2, 4, 5, 6, 7, 8], answers.Keys);
        Assert.Equal(JsonValueKind.Null, answers[2].GetProperty("custom_id").ValueKind);
        Assert.Equal(("invalid_json", 2), (Code(2), answers[2].GetProperty("error").GetProperty("line").GetInt32()));
        Assert.Equal(("unknown_model", "body.model", "model"), (Code(4), answers[4].GetProperty("error").GetProperty("param").GetString(), answers[4].GetProperty("custom_id").GetString()));
        Assert.Contains("600 tokens", answers[5].GetProperty("error").GetProperty("message").GetString()!, StringComparison.Ordinal);
        Assert.Equal(("too_long", "invalid"), (Code(5), Code(6)));
        Assert.Equal("body.logit_bias.262", answers[8].GetProperty("error").GetProperty("param").GetString());

        string Code(long line) => answers[line].GetProperty("error").GetProperty("code").GetString()!;
    }

    [Fact]
    public async Task Only_the_first_line_of_an_id_runs_also_after_a_resume()
    {
        _bench.Write(RunBench.Completion("a"), RunBench.Line("b", "/v1/nothing", "{}"), RunBench.Completion("a"), RunBench.Completion("b"), RunBench.Completion("c"));
        Assert.Equal(1, (await _bench.RunAsync("--window", "1")).ExitCode);
        Check();
        KeepLines(line => !line.Contains("_3\"", StringComparison.Ordinal) && !line.Contains("_5\"", StringComparison.Ordinal));
        CliRun run = await _bench.RunAsync("--resume");
        Assert.Equal((3, 1, 1, 2), (Count(run, "skipped"), Count(run, "succeeded"), Count(run, "failed"), Count(run, "skipped_failed")));
        Check();

        void Check()
        {
            SortedDictionary<long, JsonElement> answers = _bench.Answers();
            Assert.Equal([null, "invalid", "duplicate_custom_id", "duplicate_custom_id", null], answers.Values.Select(
                a => a.GetProperty("error").ValueKind == JsonValueKind.Null ? null : a.GetProperty("error").GetProperty("code").GetString()));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_resume_runs_what_is_missing_and_nothing_twice(bool sidecar)
    {
        _bench.Write([.. Enumerable.Range(1, 200).Select(i => RunBench.Completion($"c{i}", $"line {i % 9}"))]);
        Assert.Equal(0, (await _bench.RunAsync()).ExitCode);
        SortedDictionary<long, JsonElement> whole = _bench.Answers();
        long length = new FileInfo(_bench.Output).Length;
        using (FileStream output = new(_bench.Output, FileMode.Open)) output.SetLength((length / 2) + 11);
        if (!sidecar) File.Delete(_bench.Progress);
        CliRun run = await _bench.RunAsync("--resume");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal((200, 200), (Count(run, "lines"), Count(run, "skipped") + Count(run, "succeeded")));
        Assert.InRange(Count(run, "skipped"), 50, 150);
        Assert.Equal(Enumerable.Range(1, 200).Select(i => (long)i), _bench.Answers().Keys);
        Assert.Equal(whole.Values.Select(Text), _bench.Answers().Values.Select(Text));

        CliRun nothing = await _bench.RunAsync("--resume");
        Assert.Equal((0, 200, 0), (nothing.ExitCode, Count(nothing, "skipped"), Count(nothing, "succeeded")));

        static string? Text(JsonElement answer) => answer.GetProperty("response").GetProperty("body").GetProperty("choices")[0].GetProperty("text").GetString();
    }

    [Theory]
    [InlineData("input")]
    [InlineData("template")]
    public async Task A_resume_refuses_what_has_changed(string what)
    {
        _bench.Write(RunBench.Completion("a"), RunBench.Completion("b"));
        Assert.Equal(0, (await _bench.RunAsync()).ExitCode);
        string before = await File.ReadAllTextAsync(_bench.Output, TestContext.Current.CancellationToken);
        if (what == "input") _bench.Write(RunBench.Completion("a"), RunBench.Completion("x"));
        else _model.WriteTemplate("{{ messages[0].content }}");
        CliRun run = await _bench.RunAsync("--resume");
        Assert.Equal((2, ""), (run.ExitCode, run.Out));
        Assert.Contains("has changed", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(_bench.Output, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_output_that_is_there_is_overwritten_only_when_asked()
    {
        _bench.Write(RunBench.Completion("a"), RunBench.Completion("b"));
        await File.WriteAllTextAsync(_bench.Output, "mine\n", TestContext.Current.CancellationToken);
        CliRun refused = await _bench.RunAsync();
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--resume", refused.Error, StringComparison.Ordinal);
        Assert.Equal("mine\n", await File.ReadAllTextAsync(_bench.Output, TestContext.Current.CancellationToken));
        Assert.Equal(2, (await _bench.RunAsync("--resume", "--overwrite")).ExitCode);
        Assert.Equal(0, (await _bench.RunAsync("--overwrite")).ExitCode);
        Assert.Equal([1, 2], _bench.Answers().Keys);
    }

    [Fact]
    public async Task A_folder_without_a_chat_template_answers_all_but_chats()
    {
        _model.WriteTemplate(null);
        _bench.Write(RunBench.Completion("a"), RunBench.Line("chat", "/v1/chat/completions", """{"messages":[{"role":"user","content":"x"}]}"""));
        Assert.Equal(1, (await _bench.RunAsync()).ExitCode);
        JsonElement error = _bench.Answers()[2].GetProperty("error");
        Assert.Equal(("not_supported", "body.messages"), (error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        Assert.Equal(JsonValueKind.Null, _bench.Answers()[1].GetProperty("error").ValueKind);
    }

    [Fact]
    public async Task A_folder_whose_chat_template_cannot_be_used_answers_all_but_chats_and_says_why()
    {
        _model.WriteTemplate("{{ messages|groupby('role') }}");
        _bench.Write(RunBench.Completion("a"), RunBench.Line("chat", "/v1/chat/completions", """{"messages":[{"role":"user","content":"x"}]}"""));
        CliRun run = await _bench.RunAsync();
        Assert.Equal(1, run.ExitCode);
        Assert.DoesNotContain(" at Sluice.", run.Error, StringComparison.Ordinal);
        JsonElement error = _bench.Answers()[2].GetProperty("error");
        Assert.Equal(("not_supported", "body.messages"), (error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        Assert.Contains("groupby", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, _bench.Answers()[1].GetProperty("error").ValueKind);
    }

    [Fact]
    public async Task The_report_counts_tokens_batches_and_shared_prefixes()
    {
        string prompt = new('p', 64);
        _bench.Write([.. Enumerable.Range(1, 100).Select(i => RunBench.Completion($"c{i}", prompt + i, tokens: 2))]);
        CliRun run = await _bench.RunAsync("--window", "16");
        JsonElement report = RunBench.Report(run);
        Assert.Equal(Enumerable.Range(1, 100).Sum(i => 64 + i.ToString(System.Globalization.CultureInfo.InvariantCulture).Length), Count(run, "prompt_tokens"));
        Assert.InRange(Count(run, "prompt_tokens_computed"), 100, Count(run, "prompt_tokens") / 2);
        Assert.InRange(Count(run, "completion_tokens"), 0, 200);
        Assert.Equal(Count(run, "batches"), report.GetProperty("close_reasons").EnumerateObject().Sum(r => r.Value.GetInt32()));
        Assert.True(report.GetProperty("lines_per_s").GetDouble() > 0 && report.GetProperty("tokens_per_s").GetDouble() > 0 && report.GetProperty("elapsed_s").GetDouble() > 0);
    }

    [Theory]
    [InlineData("--window", "0")]
    [InlineData("--threads", "-1")]
    [InlineData("--threads", "1025")]
    [InlineData("--window", "1048577")]
    [InlineData("--kv-bytes", "10")]
    public async Task Numbers_out_of_range_are_wrong_usage(string option, string value)
    {
        _bench.Write(RunBench.Completion("a"));
        CliRun run = await CliRun.OfAsync(["run", _bench.Input, "-o", _bench.Output, "--model", _model.Folder, option, value]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(option, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_bench.Output));
    }

    [Fact]
    public async Task Stories_go_on_as_the_reference_tells_them()
    {
        string folder = SharedFiles.FindOrSkip("models/stories260k");
        using JsonDocument golden = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "golden.json"), TestContext.Current.CancellationToken));
        JsonElement[] stories = [.. golden.RootElement.EnumerateArray().Where(s => s.GetProperty("prompt").GetString()!.Length > 0)];
        using RunBench bench = new(folder);
        bench.Write([.. stories.Select((s, i) => RunBench.Line($"s{i}", "/v1/completions",
            $$"""{"prompt":{{s.GetProperty("prompt").GetRawText()}},"max_tokens":{{s.GetProperty("greedy_ids").GetArrayLength()}}}"""))]);
        Assert.Equal(0, (await bench.RunAsync()).ExitCode);
        foreach ((JsonElement story, JsonElement answer) in stories.Zip(bench.Answers().Values))
        {
            string text = answer.GetProperty("response").GetProperty("body").GetProperty("choices")[0].GetProperty("text").GetString()!;
            Assert.EndsWith(text.Trim(), story.GetProperty("text").GetString()!.Trim(), StringComparison.Ordinal);
            Assert.NotEmpty(text);
        }
    }

    private void KeepLines(Func<string, bool> keep) => File.WriteAllText(_bench.Output, string.Concat(File.ReadAllLines(_bench.Output).Where(keep).Select(line => line + "\n")));

    private static int Count(CliRun run, string name) => RunBench.Report(run).GetProperty(name).GetInt32();
}
