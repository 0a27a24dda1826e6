using System.Text;
using System.Text.Json;
using Sluice.Engine.Tests.Mutants;
using Sluice.Service.Files;
using Sluice.Service.Intake;
using Sluice.Service.Submissions;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Mutants;

/// <summary>Lines of JSONL. A reader of lines throws nothing at all: a fault is an error row.</summary>
public sealed class LineMutantTests
{
    public static TheoryData<string> Lines => new(
        """{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"}]}],"max_tokens":7,"temperature":0.5,"stop":["x","y"],"seed":-4,"logprobs":true,"top_logprobs":3,"response_format":{"type":"text"}}}""",
        """{"custom_id":"b","method":"POST","url":"/v1/score","body":{"prompt":"t","choices":["a","b"],"normalization":"bytes"}}""",
        """{"custom_id":"c","method":"POST","url":"/v1/embeddings","body":{"input":"t","encoding_format":"base64"}}""",
        """{"custom_id":"d","model":"m","prompt":"p","kind":"generate","parameters":{"max_tokens":5,"temperature":1,"top_p":0.9,"top_k":4,"stop":["x"],"seed":7,"logprobs":2},"metadata":{"k":"v"},"cache":{"mode":"exact","namespace":"n"},"ttl":60}""");

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_mutant_is_a_line_or_an_error_that_names_its_fault(string line)
    {
        byte[] whole = Encoding.UTF8.GetBytes(line);
        Read(whole);
        MutantRun.Default.Over($"JSONL {line[..30]}", 2_000, random => JsonMutator.Mutate(whole, random), Read, typeof(RefusedLine));
    }

    /// <summary>A row of a schedule's source, put into its prompt: a row that cannot be is an error row, and the run goes on.</summary>
    [Fact]
    public void A_mutant_of_a_row_is_a_line_or_an_error_row()
    {
        byte[] whole = """{"id":"7","subject":"hello","body":{"text":"wor\u006cd","n":[1,2]}}"""u8.ToArray();
        Service.Schedules.LineWriter writer = Service.Schedules.LineWriter.Of("""{"model":"stub","prompt":"{{subject}} {{body.text}} {{body.n|none}} {{id}}"}""");
        MutantRun.Default.Over("row of a schedule", 2_000, random => JsonMutator.Mutate(whole, random), ReadRow, typeof(RefusedLine), typeof(JsonException));

        void ReadRow(byte[] mutant)
        {
            using JsonDocument row = JsonDocument.Parse(mutant);
            StagedLine line = writer.Write(new Service.Schedules.SourceRow(1, "key", row.RootElement));
            Assert.Equal(line.Request is null, line.Errors is { Count: > 0 });
            if (line.Request is null)
            {
                throw new RefusedLine();
            }
        }
    }

    /// <summary>What was found, kept: each of these once threw out of its reader.</summary>
    [Theory]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"messages":[{"role":"user","content":[{"t\ud800ype":"text","text":"a"}]}]}}""")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"messages":[{"role":"user","content":[{"type":"te\ud800xt","text":"a"}]}]}}""")]
    [InlineData("""{"\ud800url":"x","model":"stub","prompt":"p"}""")]
    [InlineData("""{"model":"stub","prompt":"p","k\udc00ind":"generate"}""")]
    public void A_name_that_is_no_text_is_an_error(string line) => Assert.Throws<RefusedLine>(() => Read(Encoding.UTF8.GetBytes(line)));

    /// <summary>A file of mutants is split into as many lines as it has, whatever its bytes are.</summary>
    [Fact]
    public async Task A_file_of_damaged_lines_is_read_to_its_end()
    {
        byte[] whole = [.. Lines.SelectMany(line => Encoding.UTF8.GetBytes(line.Data + "\n"))];
        for (int seed = 0; seed < 500; seed++)
        {
            byte[] file = JsonMutator.Damage(JsonMutator.Damage(whole, new Random(seed)), new Random(~seed));
            using MemoryStream stream = new(file);
            LineSplitter lines = new(stream, 400);
            long count = 0;
            while (await lines.NextAsync(TestContext.Current.CancellationToken))
            {
                count++;
                if (!lines.TooLong)
                {
                    SubmissionLine.Read(lines.Line, new RequestErrors(), out _);
                }
            }
            Assert.Equal(file.Length, lines.Consumed);
            Assert.Equal(file.Count(b => b == (byte)'\n') + (file.Length > 0 && file[^1] != (byte)'\n' ? 1 : 0), count);
        }
    }

    private static void Read(byte[] mutant)
    {
        RequestErrors errors = new();
        SubmissionLine? line = SubmissionLine.Read(mutant, errors, out _);
        Assert.Equal(line is null, errors.All.Count > 0);
        Assert.All(errors.All, error => Assert.False(string.IsNullOrEmpty(error.Message)));
        RequestErrors frame = new();
        using JsonDocument? json = BatchLineReader.Parse(mutant, frame);
        if (json is not null)
        {
            BatchLineReader.Read(json.RootElement, frame);
            BatchLineReader.CustomId(json.RootElement);
        }
        if (line is null)
        {
            throw new RefusedLine();
        }
    }

    private sealed class RefusedLine : Exception;
}
