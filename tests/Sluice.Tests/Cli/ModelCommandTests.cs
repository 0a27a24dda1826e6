using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Sluice.Tests.Cli;

public sealed class ModelCommandTests : IDisposable
{
    private readonly TinyModel _model = new();

    public void Dispose() => _model.Dispose();

    private Task<CliRun> RunAsync(string command, string input, params string[] more) => CliRun.OfAsync(["model", command, "--model", _model.Folder, .. more], input);

    [Fact]
    public async Task Tokenize_and_detokenize_are_each_others_way_back()
    {
        CliRun ids = await RunAsync("tokenize", "\"!#?\"\n\"\"\n");
        Assert.Equal((0, "[0,2,30]\n[]\n"), (ids.ExitCode, ids.Out));
        CliRun text = await RunAsync("detokenize", ids.Out);
        Assert.Equal((0, "\"!#?\"\n\"\"\n"), (text.ExitCode, text.Out));
    }

    [Theory]
    [InlineData("tokenize", "hello", "expected a JSON string, found hello")]
    [InlineData("tokenize", "", "expected a JSON string, found an empty line")]
    [InlineData("tokenize", "[1]", "expected a JSON string, found [1]")]
    [InlineData("tokenize", "\"\\ud800\"", "half a surrogate pair")]
    [InlineData("detokenize", "\"x\"", "expected a JSON array of token ids")]
    [InlineData("detokenize", "[0,-1]", "ids[1]: expected an integer from 0 to 39, found -1")]
    [InlineData("logits", "[40]", "ids[0]: expected an integer from 0 to 39, found 40")]
    [InlineData("logits", "[1.5]", "ids[0]: expected an integer from 0 to 39, found 1.5")]
    [InlineData("logits", "[]", "ids: expected 1 to 1200 (the model's context length), found 0")]
    public async Task A_bad_line_names_line_field_limit_and_value(string command, string line, string error)
    {
        CliRun run = await RunAsync(command, (command == "tokenize" ? "\"!\"" : "[1]") + "\n" + line + "\n");
        Assert.Equal(2, run.ExitCode);
        Assert.Single(run.Lines);
        Assert.StartsWith("sluice: line 2: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(error, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_is_answered_before_the_next_is_sent()
    {
        Talk talk = new("\"!\"", "\"\\u0022\"");
        StringWriter output = new() { NewLine = "\n" };
        talk.Answered = () => output.ToString().Count(c => c == '\n');
        using Sluice.Cli.Terminal terminal = new() { In = talk, Out = output, Error = TextWriter.Null };
        Assert.Equal(0, await Sluice.Cli.Program.RunAsync(["model", "tokenize", "--model", _model.Folder], terminal, CancellationToken.None));
        Assert.Equal([0, 1, 2], talk.AnswersSeen);
    }

    [Fact]
    public async Task Logits_read_back_as_the_very_floats_and_do_not_depend_on_the_step()
    {
        string ids = "[" + string.Join(',', Enumerable.Range(0, 700).Select(i => (i * 7 % TinyModel.Vocabulary).ToString(CultureInfo.InvariantCulture))) + "]";
        CliRun run = await RunAsync("logits", "[3]\n" + ids + "\n[3]\n", "--backend", "cpu");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(3, run.Lines.Length);
        Assert.Equal(run.Lines[0], run.Lines[2]);

        CliRun reference = await RunAsync("logits", "[3]\n" + ids + "\n", "--backend", "reference");
        foreach ((string fast, string slow) in run.Lines.Zip(reference.Lines))
        {
            float[] a = JsonSerializer.Deserialize<float[]>(fast)!, b = JsonSerializer.Deserialize<float[]>(slow)!;
            Assert.Equal(TinyModel.Vocabulary, a.Length);
            Assert.All(a.Zip(b), pair => Assert.Equal(pair.First, pair.Second, 2e-4f));
        }
    }

    [Fact]
    public async Task Logits_refuse_what_the_budget_cannot_hold()
    {
        long page = 2 * await PageBytesAsync(); // float32, where inspect counts bfloat16
        CliRun run = await RunAsync("logits", "[" + string.Join(',', Enumerable.Repeat("1", 33)) + "]\n", "--kv-bytes", (2 * page).ToString(CultureInfo.InvariantCulture));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("ids: expected 1 to 32 (what --kv-bytes holds), found 33", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_prints_one_object_with_what_the_budget_holds()
    {
        long page = await PageBytesAsync();
        CliRun run = await CliRun.OfAsync(["model", "inspect", _model.Folder, "--json", "--kv-bytes", ((100 * page) + 1).ToString(CultureInfo.InvariantCulture)]);
        using JsonDocument report = JsonDocument.Parse(Assert.Single(run.Lines));
        JsonElement root = report.RootElement;
        Assert.Equal("LlamaForCausalLM", root.GetProperty("architecture").GetString());
        Assert.Equal(new FileInfo(Path.Combine(_model.Folder, "model.safetensors")).Length, root.GetProperty("bytes").GetProperty("bf16").GetInt64(), 4096.0);
        Assert.Equal(2 * root.GetProperty("parameters").GetInt64(), root.GetProperty("bytes").GetProperty("bf16").GetInt64());
        Assert.Equal((1600, 100, 1), (root.GetProperty("kv").GetProperty("tokens").GetInt64(), root.GetProperty("kv").GetProperty("pages").GetInt64(), root.GetProperty("kv").GetProperty("full_contexts").GetInt64()));
    }

    [Theory]
    [InlineData("inspect", 1)]
    [InlineData("logits", 2)] // float32
    public async Task A_budget_below_one_page_is_wrong_usage(string command, int pages)
    {
        string[] folder = command == "inspect" ? [_model.Folder] : ["--model", _model.Folder];
        CliRun run = await CliRun.OfAsync(["model", command, .. folder, "--kv-bytes", "100"]);
        Assert.Equal((2, ""), (run.ExitCode, run.Out));
        Assert.Contains($"--kv-bytes: expected at least one page of {pages * await PageBytesAsync()} bytes, found 100", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer.json", "tokenize")]
    [InlineData("tokenizer.json", "detokenize")]
    [InlineData("config.json", "logits")]
    [InlineData("model.safetensors", "logits")]
    public async Task A_folder_that_does_not_load_exits_1_and_names_the_file(string file, string command)
    {
        File.WriteAllText(Path.Combine(_model.Folder, file), "{");
        CliRun run = await RunAsync(command, "");
        Assert.Equal((1, ""), (run.ExitCode, run.Out));
        Assert.Contains(file, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    private async Task<long> PageBytesAsync()
    {
        CliRun run = await CliRun.OfAsync(["model", "inspect", _model.Folder, "--json"]);
        using JsonDocument report = JsonDocument.Parse(run.Out);
        return report.RootElement.GetProperty("kv").GetProperty("bytes_per_page").GetInt64();
    }

    /// <summary>Input that notes, at every line asked for, how many answers are out.</summary>
    private sealed class Talk(params string[] lines) : TextReader
    {
        private int _next;

        public Func<int> Answered { get; set; } = () => 0;
        public List<int> AnswersSeen { get; } = [];

        public override ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken)
        {
            AnswersSeen.Add(Answered());
            return ValueTask.FromResult(_next < lines.Length ? lines[_next++] : null);
        }
    }
}
